"""Summaries of results for people."""

from analogon.report.sheet import SheetRow, contact_sheet

__all__ = ["SheetRow", "contact_sheet"]
