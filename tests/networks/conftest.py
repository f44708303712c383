import pytest

pytest.importorskip("torch", reason="networks need the extra 'neural'")
