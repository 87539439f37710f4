//! A view of this machine in which everything may be changed: an overlay in a mount namespace, with
//! its changes in memory. It is gone, and the machine as it was, when the process that holds it ends.

use compat_tests::setup::{has, said};
use compat_tests::work;
use std::os::unix::fs::MetadataExt;
use std::path::Path;
use std::process::{Child, Command, Stdio};

pub struct Machine {
    /// Ends when its input does: it cannot outlive us.
    holder: Child,
    root: String,
}

/// Run in the new namespace. The folder that all is mounted on is not touched itself.
const MOUNTS: &str = "set -e
    mount --make-rprivate /
    mount -t tmpfs none /mnt
    mkdir /mnt/changes /mnt/work /mnt/root
    mount -t overlay overlay -o lowerdir=/,upperdir=/mnt/changes,workdir=/mnt/work /mnt/root
    for shared in proc dev; do mount --rbind /$shared /mnt/root/$shared; done
    mkdir -p /mnt/root/programs
    echo ready
    exec cat";

/// Keeps services from being started: this is no machine of its own.
const NO_SERVICES: &str =
    "printf '#!/bin/sh\\nexit 101\\n' >/usr/sbin/policy-rc.d && chmod +x /usr/sbin/policy-rc.d";

const SCRIPTS: &[(&str, &str)] = &[
    ("ours", include_str!("programs/ours.py")),
    ("python", include_str!("programs/python.py")),
    ("php", include_str!("programs/php.py")),
    ("ruby", include_str!("programs/ruby.py")),
    ("zurl", include_str!("programs/zurl.py")),
    ("condure", include_str!("programs/condure.py")),
    ("czmq", include_str!("programs/czmq.py")),
];

impl Machine {
    /// With these packages of the archive installed; or why that is not to be had.
    pub fn new(packages: &[&str]) -> Result<Machine, String> {
        if !std::fs::metadata("/proc/self").is_ok_and(|me| me.uid() == 0) {
            return Err(
                "Debian's programs are run in a view of this machine: run it as root".into()
            );
        }
        for program in ["apt-get", "dpkg-deb", "unshare", "nsenter", "chroot"] {
            if !has(program) {
                return Err(format!("there is no {program}: this takes a Debian system"));
            }
        }
        work::say(
            "apt gets Debian's programs, into a view of this machine that is gone afterwards",
        );
        let machine = Machine::hold()?;
        let unable = |what: &str| {
            let what = what.to_owned();
            move |error: String| {
                let reason = error.lines().rfind(|line| !line.trim().is_empty()).unwrap_or("");
                format!("{what}: {reason}")
            }
        };
        machine.run(NO_SERVICES)?;
        machine.run("apt-get update -qq").map_err(unable("the archive cannot be reached"))?;
        let wanted = format!("install {}", packages.join(" "));
        machine.apt(&wanted).map_err(unable("the archive's packages cannot be had"))?;
        for (name, text) in SCRIPTS {
            machine.write(&format!("/programs/{name}.py"), text)?;
        }
        Ok(machine)
    }

    fn hold() -> Result<Machine, String> {
        let mut command = Command::new("unshare");
        command.args(["--mount", "sh", "-c", MOUNTS]);
        command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::null());
        let holder = command.spawn().map_err(|error| format!("unshare: {error}"))?;
        let mut machine = Machine { holder, root: "/mnt/root".into() };
        let mut line = String::new();
        if let Some(output) = &mut machine.holder.stdout {
            use std::io::{BufRead, BufReader};
            let _ = BufReader::new(output).read_line(&mut line);
        }
        match line.trim() {
            "ready" => Ok(machine),
            _ => Err("an overlay may not be mounted here".into()),
        }
    }

    fn inside(&self) -> Command {
        let mut command = Command::new("nsenter");
        command.arg(format!("--mount=/proc/{}/ns/mnt", self.holder.id()));
        command
    }

    /// What a shell command in the machine says; that it fails is an error.
    pub fn run(&self, command: &str) -> Result<String, String> {
        let mut shell = self.inside();
        shell.args(["chroot", &self.root, "sh", "-c", command]);
        shell.env("PATH", "/usr/sbin:/usr/bin:/sbin:/bin").env("LC_ALL", "C.UTF-8");
        shell.env("DEBIAN_FRONTEND", "noninteractive").env("PYTHONDONTWRITEBYTECODE", "1");
        shell.env_remove("LD_LIBRARY_PATH").env_remove("LD_PRELOAD").stdin(Stdio::null());
        said(&mut shell)
    }

    pub fn apt(&self, what: &str) -> Result<(), String> {
        let options = "-q -y --no-install-recommends -o Dpkg::Options::=--force-unsafe-io";
        self.run(&format!("apt-get {options} {what} 2>&1")).map(drop)
    }

    /// Copies a file into the machine, and says where it is there.
    pub fn bring(&self, file: &Path) -> Result<String, String> {
        let name = file.file_name().unwrap_or_default().to_string_lossy().into_owned();
        said(self.inside().arg("cp").arg(file).arg(format!("{}/programs/{name}", self.root)))?;
        Ok(format!("/programs/{name}"))
    }

    fn write(&self, path: &str, text: &str) -> Result<(), String> {
        let mut command = self.inside();
        command.args(["sh", "-c", "printf '%s' \"$1\" >\"$0\""]);
        said(command.arg(format!("{}{path}", self.root)).arg(text)).map(drop)
    }
}

impl Drop for Machine {
    fn drop(&mut self) {
        let _ = self.holder.kill();
        let _ = self.holder.wait();
    }
}
