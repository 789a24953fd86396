"""Volumes: files by path, which clients move by presigned addresses."""

from __future__ import annotations

from pathlib import Path
from urllib.parse import quote


class Volumes:
    """The files of a workspace.

    Parameters
    ----------
    folder : Path
        Holds what is /Volumes and /Workspace there.
    port : int
        Where files are moved to and from.
    """

    def __init__(self, folder: Path, port: int) -> None:
        self.folder = folder
        self._port = port

    def create(self, name: str) -> None:
        """Make a volume, named `catalog.schema.volume`."""
        self._home(name).mkdir(parents=True, exist_ok=True)

    def named(self, schema: str) -> list[tuple[str, str]]:
        """Name the volumes of `catalog.schema`."""
        home = self._home(schema)
        names = sorted(path.name for path in home.iterdir()) if home.is_dir() else []
        return [(home.name, name) for name in names]

    def locate(self, path: str) -> Path:
        """Say where `/Volumes/catalog/schema/volume/…` lies.

        Raises
        ------
        FileNotFoundError
            There is no such volume.
        """
        parts = Path(path).parts
        home = self.folder.joinpath(*parts[1:5])
        if parts[:2] != ("/", "Volumes") or len(parts) < 5 or not home.is_dir():
            volume = ".".join(parts[2:5])
            raise FileNotFoundError(f"[VOLUME_NOT_FOUND] Volume '{volume}' does not exist.")
        found = self.folder.joinpath(*parts[1:])
        if ".." in parts:
            raise FileNotFoundError(f"{path} leaves its volume")
        return found

    def listed(self, path: str) -> list[tuple[object, ...]]:
        """List a folder as LIST does: path, name, size, when."""
        home = self.locate(path)
        if not home.is_dir():
            raise FileNotFoundError(f"[PATH_NOT_FOUND] Path does not exist: {path}.")
        return [
            (
                f"{path.rstrip('/')}/{file.name}{'/' if file.is_dir() else ''}",
                file.name,
                file.stat().st_size,
                int(file.stat().st_mtime * 1000),
            )
            for file in sorted(home.iterdir())
        ]

    def url(self, path: str) -> str:
        """Return the address that a file is moved to or from."""
        return f"http://127.0.0.1:{self._port}/staging{quote(path)}"

    def _home(self, name: str) -> Path:
        return self.folder.joinpath("Volumes", *name.replace("`", "").lower().split("."))
