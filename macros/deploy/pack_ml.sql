{#- A procedure that packs the sources on the stage into ml.zip, and refuses what is not
    what the manifest says. -#}
{% macro pack_ml_statement(stage, manifest) %}
with pack_ml as procedure ()
returns string
language python
runtime_version = '3.11'
packages = ('snowflake-snowpark-python')
handler = 'main'
execute as caller
as $$
import importlib
import os
import sys
import tempfile
import zipfile

STAGE = "@{{ stage }}"
FOLDERS = {{ manifest.files | list | tojson }}
SHA256 = "{{ manifest.sha256 }}"


def main(session):
    work = tempfile.mkdtemp()
    archive = os.path.join(work, "ml.zip")
    with zipfile.ZipFile(archive, "w", zipfile.ZIP_DEFLATED) as packed:
        for folder in FOLDERS:
            local = os.path.join(work, folder.replace("/", "."))
            os.mkdir(local)
            session.file.get(f"{STAGE}/src/{folder.replace('/', '.')}/", local)
            for name in sorted(os.listdir(local)):
                with open(os.path.join(local, name), "rb") as source:
                    # A fixed date: the same sources make the same archive.
                    packed.writestr(zipfile.ZipInfo(f"{folder}/{name}"), source.read())
    sys.path.insert(0, archive)
    found = importlib.import_module("ml.package").content_hash()
    if found != SHA256:
        raise ValueError(
            f"the sources on {STAGE} are ml {found[:12]}, and the manifest of this project "
            f"says {SHA256[:12]}: run `make format`, or name the ref that is checked out"
        )
    marker = os.path.join(work, f"{SHA256}.sha256")
    with open(marker, "w") as file:
        file.write(SHA256)
    for row in session.sql(f"list {STAGE}").collect():
        if row[0].endswith(".sha256"):
            session.sql(f"remove {STAGE}/{row[0].split('/')[-1]}").collect()
    session.file.put(archive, STAGE, auto_compress=False, overwrite=True)
    session.file.put(marker, STAGE, auto_compress=False, overwrite=True)
    return SHA256
$$
call pack_ml()
{% endmacro %}
