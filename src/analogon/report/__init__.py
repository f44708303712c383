"""Summaries of results for people."""

from analogon.report.sheet import SheetRow, contact_sheet, picture_sheet, thumbnail

__all__ = ["SheetRow", "contact_sheet", "picture_sheet", "thumbnail"]
