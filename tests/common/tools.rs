//! Programs of others that tests use, and certificates by one of them.

use std::{
    env, fs,
    path::{Path, PathBuf},
    process::Command,
};

/// Where a program is; that of a broker is often not in the path of users.
pub fn found(name: &str) -> Option<PathBuf> {
    let path = env::var_os("PATH").unwrap_or_default();
    let mut folders: Vec<_> = env::split_paths(&path).collect();
    folders.push("/usr/sbin".into());
    folders.push("/usr/local/sbin".into());
    folders.into_iter().map(|folder| folder.join(name)).find(|path| path.is_file())
}

/// Makes an authority, `ca.pem`, and by it `server.pem` with `server.key` and `client.pem` with
/// `client.key`.
pub fn make_certificates(folder: &Path) {
    let openssl = |arguments: &[&str]| {
        let program = found("openssl").unwrap();
        let output = Command::new(program).current_dir(folder).args(arguments).output().unwrap();
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    };
    let key = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes"];
    let ca = ["req", "-x509", "-keyout", "ca.key", "-out", "ca.pem", "-subj", "/CN=a test"];
    openssl(&[&ca[..], &key].concat());
    fs::write(folder.join("names"), "subjectAltName=DNS:localhost,IP:127.0.0.1\n").unwrap();
    for name in ["server", "client"] {
        let [private, request, certificate] =
            ["key", "csr", "pem"].map(|ending| format!("{name}.{ending}"));
        let subject = format!("/CN={name}");
        let asked = ["req", "-keyout", &private, "-out", &request, "-subj", &subject];
        openssl(&[&asked[..], &key].concat());
        let signed = ["x509", "-req", "-in", &request, "-CA", "ca.pem", "-CAkey", "ca.key"];
        let more = ["-CAcreateserial", "-out", &certificate, "-days", "2", "-extfile", "names"];
        openssl(&[&signed[..], &more].concat());
    }
}
