"""What a client needs to reach the stand-in: a program `aws` that adds only --endpoint-url, a configuration, credentials."""
import pathlib

from .model_files import AWS

PROFILES = {"default": "us-east-1", "work": "us-west-2"}


class ProgramFolder:
    """folder/aws, folder/config, folder/credentials; env is what to add to a client's environment."""

    def __init__(self, folder, port, program=AWS):
        self.folder = pathlib.Path(folder)
        self.folder.mkdir(parents=True, exist_ok=True)
        (self.folder / "config").write_text("".join(
            f"[{name if name == 'default' else 'profile ' + name}]\nregion = {region}\n" for name, region in PROFILES.items()), encoding="ascii")
        (self.folder / "credentials").write_text("".join(
            f"[{name}]\naws_access_key_id = KEY{name.upper()}\naws_secret_access_key = secret\n" for name in PROFILES), encoding="ascii")
        self.program = self.folder / "aws"
        self.program.write_text(f'#!/bin/sh\nexec {program} --endpoint-url http://127.0.0.1:{port} "$@"\n', encoding="ascii")
        self.program.chmod(0o755)
        self.env = {"AWS_CONFIG_FILE": str(self.folder / "config"), "AWS_SHARED_CREDENTIALS_FILE": str(self.folder / "credentials"),
                    "AWS_EC2_METADATA_DISABLED": "true", "AWS_MAX_ATTEMPTS": "1"}
