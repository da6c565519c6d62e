"""S3 objects: inputs, large parts, artifacts and exports."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any, Final, NamedTuple

from botocore.exceptions import ClientError

from shoal.adapters.aws_errors import code_of, translated
from shoal.adapters.lines import lines_of
from shoal.adapters.parallel import in_parallel
from shoal.domain.errors import InputsNotFound
from shoal.ports.artifacts import StoredArtifact
from shoal.ports.blobs import UploadLink

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client

_MISSING: Final = frozenset(("NoSuchKey", "404", "NotFound"))
_THERE_ALREADY: Final = "PreconditionFailed"
_STREAM_BYTES: Final = 1 << 20
_COPY_BYTES: Final = 64 << 20
"""Most bytes per copy request, so that S3 answers within the client's timeout."""


class StoredObject(NamedTuple):
    """An object's body and its user-defined metadata."""

    body: bytes
    metadata: Mapping[str, str]


class ObjectBucket:
    """Objects of one bucket."""

    def __init__(self, client: S3Client, name: str) -> None:
        self.client = client
        self.name = name

    def put_new(self, key: str, body: bytes, metadata: Mapping[str, str]) -> None:
        """Write an object if the key does not exist."""
        with translated():
            try:
                self.client.put_object(
                    Bucket=self.name, Key=key, Body=body, Metadata=metadata, IfNoneMatch="*"
                )
            except ClientError as error:
                if code_of(error) != _THERE_ALREADY:
                    raise

    def exists(self, key: str) -> bool:
        """Return whether an object has this key."""
        with translated():
            try:
                self.client.head_object(Bucket=self.name, Key=key)
            except ClientError as error:
                if code_of(error) not in _MISSING:
                    raise
                return False
        return True

    def upload_new(
        self,
        key: str,
        *,
        seconds: int,
        size: int | None = None,
        metadata: Mapping[str, str] | None = None,
        replaced: str | None = None,
    ) -> UploadLink:
        """Return a link to write an object (of `size` bytes) if the key does not exist.

        With the ETag of a `replaced` object, the link writes the object if it still has this ETag.
        The size, the metadata and the condition are signed: S3 rejects other headers.
        """
        condition = {"IfNoneMatch": "*"} if replaced is None else {"IfMatch": replaced}
        place: dict[str, Any] = {"Bucket": self.name, "Key": key, **condition}
        if size is not None:
            place["ContentLength"] = size
        if metadata:
            place["Metadata"] = metadata
        url = self.client.generate_presigned_url("put_object", Params=place, ExpiresIn=seconds)
        headers = {f"x-amz-meta-{name}": value for name, value in (metadata or {}).items()}
        required = {"If-None-Match": "*"} if replaced is None else {"If-Match": replaced}
        return UploadLink(url, {**required, **headers})

    def get(self, key: str, *, most: int) -> StoredObject | None:
        """Return an object, or None if it does not exist; of more than `most` bytes, no body."""
        with translated():
            try:
                found = self.client.get_object(Bucket=self.name, Key=key)
                body = found["Body"].read() if found["ContentLength"] <= most else b""
                return StoredObject(body, found["Metadata"])
            except ClientError as error:
                if code_of(error) not in _MISSING:
                    raise
        return None


class S3BlobStore:
    """The inputs bucket."""

    def __init__(self, bucket: ObjectBucket) -> None:
        self._bucket = bucket
        self._client = bucket.client
        self._name = bucket.name

    def put(self, key: str, body: bytes) -> None:
        with translated():
            self._client.put_object(Bucket=self._name, Key=key, Body=body)

    def copy(self, source: str, target: str) -> None:
        size = self.size(source)
        if size is None:
            raise InputsNotFound(self.uri(source))
        place: Any = {"Bucket": self._name, "Key": source}
        with translated():
            try:
                if size <= _COPY_BYTES:
                    self._client.copy_object(Bucket=self._name, Key=target, CopySource=place)
                else:
                    self._copy_in_parts(place, target, size)
            except ClientError as error:
                raise self._missing(source, error) from error

    def _copy_in_parts(self, source: Any, target: str, size: int) -> None:
        """Copy by several requests at once; the bucket's lifecycle removes an unfinished copy."""
        begun = self._client.create_multipart_upload(Bucket=self._name, Key=target)
        upload: Any = {"Bucket": self._name, "Key": target, "UploadId": begun["UploadId"]}

        def copy(first: int) -> Any:
            copied = self._client.upload_part_copy(
                **upload,
                CopySource=source,
                CopySourceRange=f"bytes={first}-{min(first + _COPY_BYTES, size) - 1}",
                PartNumber=first // _COPY_BYTES + 1,
            )
            return {
                "ETag": copied["CopyPartResult"]["ETag"],
                "PartNumber": first // _COPY_BYTES + 1,
            }

        parts = in_parallel(copy, range(0, size, _COPY_BYTES))
        self._client.complete_multipart_upload(**upload, MultipartUpload={"Parts": [*parts]})

    def lines(self, key: str) -> Iterator[bytes]:
        with translated():
            try:
                body = self._client.get_object(Bucket=self._name, Key=key)["Body"]
            except ClientError as error:
                raise self._missing(key, error) from error
        return lines_of(_streamed(body.iter_chunks(_STREAM_BYTES)))

    def read(self, key: str, first: int, length: int) -> bytes:
        if length <= 0:
            return b""
        run = f"bytes={first}-{first + length - 1}"
        with translated():
            try:
                return self._client.get_object(Bucket=self._name, Key=key, Range=run)["Body"].read()
            except ClientError as error:
                if code_of(error) == "InvalidRange":
                    return b""
                raise self._missing(key, error) from error

    def size(self, key: str) -> int | None:
        with translated():
            try:
                return self._client.head_object(Bucket=self._name, Key=key)["ContentLength"]
            except ClientError as error:
                if code_of(error) not in _MISSING:
                    raise
        return None

    def link(self, key: str, *, seconds: int) -> str:
        place = {"Bucket": self._name, "Key": key}
        return self._client.generate_presigned_url("get_object", Params=place, ExpiresIn=seconds)

    def upload_link(self, key: str, *, seconds: int, size: int | None = None) -> UploadLink:
        return self._bucket.upload_new(key, seconds=seconds, size=size)

    def uri(self, key: str) -> str:
        return f"s3://{self._name}/{key}"

    def key_of(self, uri: str) -> str | None:
        prefix = self.uri("")
        return uri.removeprefix(prefix) if uri.startswith(prefix) and uri != prefix else None

    def _missing(self, key: str, error: ClientError) -> Exception:
        return InputsNotFound(self.uri(key)) if code_of(error) in _MISSING else error


def _streamed(pieces: Iterator[bytes]) -> Iterator[bytes]:
    with translated():
        yield from pieces


class S3ArtifactStore:
    """Files of tasks, in the results bucket."""

    def __init__(self, bucket: ObjectBucket) -> None:
        self._bucket = bucket
        self._client = bucket.client
        self._name = bucket.name

    def upload_link(self, key: str, size: int, *, seconds: int) -> UploadLink:
        with translated():
            answer = self._client.list_objects_v2(Bucket=self._name, Prefix=key, MaxKeys=1)
        found = answer.get("Contents", ())  # the key sorts before the keys that it begins
        replaced = found[0]["ETag"] if found and found[0]["Key"] == key else None
        return self._bucket.upload_new(key, seconds=seconds, size=size, replaced=replaced)

    def stored(self, prefix: str) -> Sequence[StoredArtifact]:
        with translated():
            answer = self._client.list_objects_v2(Bucket=self._name, Prefix=prefix)
        return [StoredArtifact(each["Key"], each["Size"]) for each in answer.get("Contents", ())]

    def link(self, key: str, *, seconds: int) -> str:
        # Download only: the task chose the content type, and an HTML page could run scripts.
        place = {"Bucket": self._name, "Key": key, "ResponseContentDisposition": "attachment"}
        return self._client.generate_presigned_url("get_object", Params=place, ExpiresIn=seconds)

    def uri(self, key: str) -> str:
        return f"s3://{self._name}/{key}"


class S3ExportFiles:
    """Multipart uploads to the results bucket; an unfinished upload expires after a day."""

    def __init__(self, bucket: ObjectBucket) -> None:
        self._client = bucket.client
        self._name = bucket.name

    def begin(self, key: str) -> str:
        with translated():
            answer = self._client.create_multipart_upload(
                Bucket=self._name, Key=key, ContentType="application/gzip"
            )
        return answer["UploadId"]

    def append(self, key: str, upload: str, number: int, body: bytes) -> str:
        with translated():
            answer = self._client.upload_part(
                Bucket=self._name, Key=key, UploadId=upload, PartNumber=number, Body=body
            )
        return answer["ETag"]

    def finish(self, key: str, upload: str, tags: Sequence[str]) -> None:
        parts: Any = [{"PartNumber": n, "ETag": tag} for n, tag in enumerate(tags, start=1)]
        with translated():
            try:
                self._client.complete_multipart_upload(
                    Bucket=self._name, Key=key, UploadId=upload, MultipartUpload={"Parts": parts}
                )
            except ClientError as error:
                # An earlier attempt completed it, but its response was lost.
                if code_of(error) != "NoSuchUpload":
                    raise

    def link(self, key: str, *, seconds: int) -> str:
        place = {"Bucket": self._name, "Key": key, "ResponseContentDisposition": "attachment"}
        return self._client.generate_presigned_url("get_object", Params=place, ExpiresIn=seconds)
