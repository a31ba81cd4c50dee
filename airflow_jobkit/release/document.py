"""JSON documents of Releases: the same content is always the same bytes; readers ignore unknown fields."""

from __future__ import annotations

import hashlib
import json
from typing import Literal, Self

from pydantic import BaseModel, ConfigDict, Field, ValidationError, field_validator

from airflow_jobkit.errors import ContractError


class Record(BaseModel):
    """A frozen part of a document."""

    model_config = ConfigDict(frozen=True, extra="ignore")


class Document(Record):
    """A frozen document that stands in a file of its own and names its schema."""

    schema_version: Literal[1] = Field(default=1, alias="schema")

    @field_validator("schema_version", mode="before")
    @classmethod
    def _known(cls, value: object) -> object:
        if value != 1:
            raise ValueError(f"schema {value!r} is unknown here, only 1 is known: upgrade airflow-jobkit")
        return value

    def to_bytes(self) -> bytes:
        """Write JSON with sorted keys and a newline at the end."""
        content = self.model_dump(mode="json", by_alias=True)
        return (json.dumps(content, indent=2, sort_keys=True, ensure_ascii=False) + "\n").encode()

    @classmethod
    def from_bytes(cls, data: bytes, location: str) -> Self:
        """Read a document that stands at `location`, which is only for the message.

        Raises:
            ContractError: It is not JSON, or not of this form; all that is wrong with it is named.
        """
        try:
            return cls.model_validate_json(data)
        except ValidationError as error:
            raise ContractError(f"{location} is not a {cls.__name__}: {_complaints(error)}") from None


def digest_of(data: bytes) -> str:
    """Return the sha256 of bytes, in hex."""
    return hashlib.sha256(data).hexdigest()


def _complaints(error: ValidationError) -> str:
    # pydantic's own text repeats the input, which may be large, and links to its documentation.
    return "; ".join(
        f"{'.'.join(map(str, part['loc'])) or 'the whole'}: {part['msg']}"
        for part in error.errors(include_url=False, include_input=False)
    )
