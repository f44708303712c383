"""Summaries of results for people."""

from analogon.report.attention import attention_sheet
from analogon.report.sheet import SheetRow, contact_sheet, picture_sheet, thumbnail

__all__ = ["SheetRow", "attention_sheet", "contact_sheet", "picture_sheet", "thumbnail"]
