"""What importing the package costs and needs, and that its parts stand where they belong."""

import json
import re
import subprocess
import sys
import tomllib
from importlib import metadata, resources
from pathlib import Path

import pytest

import analogon

ROOT = Path(__file__).resolve().parent.parent
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text())

# An environment without torch: no finder finds it.
WITHOUT_TORCH = """
import sys
class WithoutTorch:
    def __init__(self, finder):
        self.finder = finder
    def find_spec(self, name, path=None, target=None):
        return None if name.partition(".")[0] == "torch" else self.finder.find_spec(name, path, target)
    def invalidate_caches(self):
        getattr(self.finder, "invalidate_caches", lambda: None)()
sys.meta_path[:] = [WithoutTorch(finder) for finder in sys.meta_path]
"""


def python(code: str) -> str:
    command = [sys.executable, "-W", "error", "-c", code]
    answer = subprocess.run(command, capture_output=True, text=True, check=False, cwd=ROOT)
    assert answer.returncode == 0, answer.stderr
    return answer.stdout


def test_import_loads_nothing_heavy():
    loaded = set(json.loads(python("import sys, json, analogon; print(json.dumps(list(sys.modules)))")))
    assert "analogon" in loaded
    assert not loaded & {"torch", "skimage", "scipy", "numpy", "PIL", "rich", "cyclopts", "pydantic"}


def test_reading_and_writing_load_nothing_slow(tmp_path: Path):
    """Softened colour maps are the hard case; SciPy alone would take as long as all the rest."""
    code = f"""
import json, sys
import numpy as np
from PIL import Image
import analogon, analogon.cli.make, analogon.api
rows, columns = np.mgrid[0:240, 0:320]
colors = np.where(((rows - 100) ** 2 + (columns - 150) ** 2 < 80**2)[..., None], (240, 200, 30), (40, 90, 160))
soft = Image.fromarray(colors.astype(np.uint8)).resize((80, 60), Image.Resampling.BOX)
exemplar = analogon.load_exemplar(soft, soft, np.ones((60, 80), bool))
assert len(np.unique(exemplar.image.reshape(-1, 3), axis=0)) > 10 and len(exemplar.labels.palette) == 2
target = analogon.load_target(exemplar, soft.transpose(Image.Transpose.ROTATE_90))
place = np.zeros((60, 80, 2), int)
way = analogon.Provenance(place, (60, 80))
result = analogon.Result(exemplar.image, "none", {{}}, 0, 0.0, provenance=way, labels=exemplar.labels)
result.save({str(tmp_path / "new.png")!r}, provenance=True)
analogon.contact_sheet([analogon.SheetRow("", exemplar.image, exemplar.labels, target, result.image).small()])
print(json.dumps(list(sys.modules)))
"""
    assert not set(json.loads(python(code))) & {"scipy", "skimage", "torch", "numba", "rich"}


def test_every_public_name_exists():
    for name in analogon.__all__:
        assert getattr(analogon, name) is not None
    assert set(analogon.__all__) <= set(dir(analogon))


def test_an_unknown_name_is_an_attribute_error():
    with pytest.raises(AttributeError, match="no_such_name"):
        analogon.no_such_name  # noqa: B018


def test_the_base_works_without_torch(tmp_path: Path):
    code = f"""
import numpy as np
import analogon
image = np.zeros((24, 32, 3), np.float32)
image[:, 16:] = (0.9, 0.5, 0.1)
labels = analogon.first_labels(image, 2)
analogon.write_labels({str(tmp_path / "labels.png")!r}, labels)
exemplar = analogon.load_exemplar(image, {str(tmp_path / "labels.png")!r})
assert exemplar.labels.shape == (24, 32)
print([info.name for info in analogon.list_methods()])
try:
    analogon.fit(exemplar, "semia", steps=1)
except analogon.OptionError as error:
    print(error)
"""
    out = python(WITHOUT_TORCH + code)
    assert "'semia'" in out
    assert "pip install 'analogon[neural]'" in out


def test_the_cpu_does_not_wait_for_torch():
    code = """
import sys
import numpy as np
import analogon
image = np.zeros((24, 32, 3), np.float32)
image[:, 16:] = (0.9, 0.5, 0.1)
labels = analogon.first_labels(image, 2)
model = analogon.fit(analogon.Exemplar(image, labels), "patch", device="cpu", rounds=(1,))
model.render(labels, keep="none")
print("torch" in sys.modules)
"""
    assert python(code).split() == ["False"]


def test_the_base_modules_import_without_torch():
    code = """
import importlib, pkgutil, analogon
for module in pkgutil.walk_packages(analogon.__path__, "analogon."):
    parts = module.name.split(".")
    if parts[1] == "networks" and parts[2:] != ["settings"]:
        continue
    if parts[1] in ("features", "training") or parts[1] == "methods" and len(parts) > 2 \
            and parts[2] not in ("base", "registry") or module.name == "analogon.augment.torch_dataset":
        continue
    importlib.import_module(module.name)
    print(module.name)
"""
    names = python(WITHOUT_TORCH + code).split()
    assert {"analogon.api", "analogon.methods.registry", "analogon.cli.make", "analogon.segment"} <= set(names)


def test_samples_are_written_and_drawn_without_torch_and_the_libraries_that_read_them(tmp_path: Path):
    code = f"""
import sys
import numpy as np
from analogon import LabelClass, LabelMap, OptionError, Palette
from analogon.augment import FORMATS, Export, Sample, StoredSamples, Transform, export
from analogon.augment.values import encode, write_sample
labels = LabelMap(np.ones((16, 16), int), Palette((LabelClass(1, "cell", (9, 9, 9)),)))
one = Sample("000000", np.zeros((16, 16, 3), np.float32), labels, np.ones((16, 16), np.int32), (1,))
write_sample(encode(one), {str(tmp_path / "samples" / "000000")!r})
export({str(tmp_path)!r}, Export(tuple(FORMATS)))
Transform(StoredSamples({str(tmp_path)!r}), p=1.0)(image=np.zeros((9, 9), np.uint8), mask=np.zeros((9, 9), int))
print(sorted({{"albumentations", "datasets", "pycocotools", "torch", "webdataset", "yaml"}} & set(sys.modules)))
try:
    from analogon.augment import SampleDataset
except OptionError as error:
    print(error)
"""
    out = python(WITHOUT_TORCH + code)
    assert out.splitlines()[0] == "[]"
    assert "pip install 'analogon[neural]'" in out
    assert {path.name for path in tmp_path.iterdir()} >= {"png", "coco", "yolo", "hf", "wds"}


def test_every_module_imports_without_a_warning():
    code = """
import importlib, pkgutil, analogon
for module in pkgutil.walk_packages(analogon.__path__, "analogon."):
    importlib.import_module(module.name)
"""
    python(code)


def test_the_version_stands_in_one_place():
    assert analogon.__version__ == metadata.version("analogon")
    assert "version" in PROJECT["project"]["dynamic"]


def test_the_package_is_typed_and_torch_is_an_extra():
    assert resources.files("analogon").joinpath("py.typed").is_file()
    base = " ".join(PROJECT["project"]["dependencies"])
    assert "torch" not in base
    assert any(entry.startswith("torch>=") for entry in PROJECT["project"]["optional-dependencies"]["neural"])


def test_every_method_is_named_in_the_independence_contract():
    folders = {path.parent.name for path in (ROOT / "src/analogon/methods").glob("*/__init__.py")}
    contract = next(c for c in PROJECT["tool"]["importlinter"]["contracts"] if c["type"] == "independence")
    assert {f"analogon.methods.{name}" for name in folders} == set(contract["modules"])


def test_the_constraints_hold_every_dependency():
    pins = {}
    for line in (ROOT / "constraints.txt").read_text().splitlines():
        if line and not line.startswith("#"):
            name, _, version = line.partition("==")
            assert version and "+" not in version, line
            pins[name.lower().replace("_", "-")] = version
    project = PROJECT["project"]
    needed = [
        *project["dependencies"],
        *(entry for extra in project["optional-dependencies"].values() for entry in extra),
    ]
    names = {re.split(r"[\[>=]", requirement)[0].lower() for requirement in needed}
    assert names <= set(pins)
    assert pins["torch"] == "2.13.0"
