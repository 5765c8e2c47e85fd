"""A machine in a folder, for the installer in infra/gpt-sovits: git, uv, curl, nvidia-smi and the rest are scripted.

The installer sees no other program than the stand-ins and coreutils, and takes a temporary folder for /.
"""

import shutil
import subprocess
from pathlib import Path

import yaml

FOLDER = Path(__file__).parents[2] / "infra" / "gpt-sovits"
REAL = [
    "awk",
    "bash",
    "cat",
    "chmod",
    "cmp",
    "cp",
    "dirname",
    "env",
    "install",
    "mkdir",
    "mv",
    "rm",
    "sed",
    "sha256sum",
    "touch",
    "wc",
]
LOGGED = 'echo "$(basename "$0") $*" >>"$LOG"\n'
WEIGHTS = (
    "s1bert25hz-2kh-longer-epoch=68e-step=50232.ckpt s2G488k.pth s1v3.ckpt s2Gv3.pth gsv-v4-pretrained/s2Gv4.pth "
    "gsv-v2final-pretrained/s1bert25hz-5kh-longer-epoch=12-step=369668.ckpt gsv-v2final-pretrained/s2G2333k.pth "
    "v2Pro/s2Gv2Pro.pth v2Pro/s2Gv2ProPlus.pth"
)
STAND_INS = {
    "basename": 'echo "${1##*/}"',
    "uname": "echo Linux x86_64",
    "id": "echo 0",
    "sleep": "",
    "df": "echo Filesystem; echo /dev/x 100000000 1 99000000 1% /",
    "nvidia-smi": "echo 570.86.10, 8.9; echo 570.86.10, 8.6",
    "getent": '[ -f "$MACHINE/user" ]',
    "useradd": LOGGED + 'touch "$MACHINE/user"',
    "chown": LOGGED,
    "systemctl": LOGGED,
    "sudo": LOGGED,
    "ffmpeg": "exit 1",
    "g++": "exit 1",
    "cmake": "exit 1",
    "make": "exit 1",
    # A server that gives what it is asked for, and a work tree of one program.
    "git": LOGGED
    + """
if [ "$1" = init ]; then mkdir -p "$3/.git"; exit; fi
cd "$2" && shift 2
case $1 in
fetch) echo "$6" >.git/FETCH_HEAD ;;
checkout) mv .git/FETCH_HEAD .git/HEAD && mkdir -p GPT_SoVITS/text && touch api_v2.py ;;
rev-parse) cat .git/HEAD ;;
status) if [ -f .git/changed ]; then echo " M api_v2.py"; fi ;;
esac
""",
    "uv": LOGGED
    + """
if [ "$1" = venv ]; then
  mkdir -p "${!#}/bin" && cp "$MACHINE/bin/python" "${!#}/bin/python"
else
  mkdir -p "${8%/bin/python}/lib/python3.11/site-packages/pyopenjtalk"
fi
""",
    "python": 'echo "python $*" >>"$LOG"',
    "curl": LOGGED
    + """
while [ "$1" != -o ]; do shift; done
if [ "$2" = /dev/null ]; then printf 500; else echo archive >"$2"; fi
""",
    "unzip": LOGGED
    + f"""
case $3 in
*pretrained_models.zip)
  for file in {WEIGHTS}; do
    mkdir -p "$(dirname "$5/pretrained_models/$file")" && echo weights >"$5/pretrained_models/$file"
  done
  mkdir "$5/pretrained_models/sv" ;;
*G2PWModel.zip) mkdir "$5/G2PWModel" ;;
*nltk_data.zip) mkdir "$5/nltk_data" ;;
esac
""",
    "tar": LOGGED + 'mkdir "${!#}/open_jtalk_dic_utf_8-1.11"',
}


class Machine:
    """A machine in a folder: `root` is its /, `bin` its only PATH, `log` what the stand-ins were called with."""

    def __init__(self, folder: Path) -> None:
        self.root = folder / "root"
        self.bin = folder / "bin"
        self.log = folder / "log"
        self.folder = folder
        self.systemd = self.root / "run/systemd/system"
        self.systemd.mkdir(parents=True)
        self.bin.mkdir()
        self.log.touch()
        for name in REAL:
            real = shutil.which(name)
            assert real, name
            (self.bin / name).symlink_to(real)
        for name, script in STAND_INS.items():
            self.stand_in(name, script)

    def stand_in(self, name: str, script: str) -> None:
        (self.bin / name).write_text(f"#!{shutil.which('bash')}\nset -eu\n{script}\n")
        (self.bin / name).chmod(0o755)

    def install(self, *arguments: str) -> "Run":
        self.log.write_text("")
        environment = {
            "PATH": str(self.bin),
            "DESTDIR": str(self.root),
            "LOG": str(self.log),
            "MACHINE": str(self.folder),
        }
        done = subprocess.run(
            [str(self.bin / "bash"), str(FOLDER / "install.sh"), *arguments],
            env=environment,
            capture_output=True,
            text=True,
            timeout=60,
        )
        return Run(done.returncode, done.stdout, done.stderr, self.log.read_text())

    def configuration(self, port: int) -> dict[str, object]:
        written = yaml.safe_load((self.root / f"etc/gpt-sovits/{port}.yaml").read_text())
        assert list(written) == ["custom"]
        return dict(written["custom"])

    @property
    def files(self) -> list[Path]:
        """What was put there: /run is systemd's."""
        return sorted(path for path in self.root.rglob("*") if path.relative_to(self.root).parts[0] != "run")


class Run:
    """How the installer ended, and what it called."""

    def __init__(self, status: int, out: str, err: str, called: str) -> None:
        self.status, self.out, self.err, self.called = status, out, err, called

    @property
    def last_line(self) -> str:
        return (self.err or self.out).splitlines()[-1]
