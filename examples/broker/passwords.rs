//! Users and their passwords, of which the file has hashes alone.
//!
//! A line is `NAME:HASH`, the hash in the form of PHC, by Argon2. A hash is made slow on purpose, so it
//! is computed on threads that nobody waits for, a few at a time.

use crate::failure::Failure;
use argon2::{
    Argon2,
    password_hash::{PasswordHasher, PasswordVerifier, phc::PasswordHash},
};
use std::{
    collections::HashMap,
    fs,
    io::{self, IsTerminal},
    path::Path,
    sync::Arc,
    thread,
};
use tokio::{sync::Semaphore, task::spawn_blocking};

/// Names that mean something else in an access file.
const RESERVED: [&str; 2] = ["anonymous", "*"];

pub struct Passwords {
    users: HashMap<String, String>,
    /// Is checked for users that there are not, so that nobody learns who they are by the time it takes.
    nobody: String,
    /// So many are checked at once.
    permits: Semaphore,
}

impl Passwords {
    pub fn read(path: &Path) -> Result<Arc<Self>, Failure> {
        let text = fs::read_to_string(path).map_err(|error| Failure::file(path, error))?;
        let mut users = HashMap::new();
        for (number, line) in (1..).zip(text.lines()) {
            let bad = |what: &str| Failure::file(path, format!("line {number}: {what}"));
            if line.is_empty() || line.starts_with('#') {
                continue;
            }
            let (name, hash) = line.split_once(':').ok_or_else(|| bad("is not NAME:HASH"))?;
            check_name(name).map_err(|why| bad(&why))?;
            PasswordHash::new(hash)
                .map_err(|_| bad("is not a hash; `broker password NAME` makes a line"))?;
            if users.insert(name.to_owned(), hash.to_owned()).is_some() {
                return Err(bad("names a user for the second time"));
            }
        }
        let cores = thread::available_parallelism().map_or(1, usize::from);
        Ok(Arc::new(Self { users, nobody: hash("")?, permits: Semaphore::new(cores) }))
    }

    /// Whether it is the password of this user; `false` also if nobody wants to know it any more when
    /// it is its turn.
    pub async fn verify(
        self: Arc<Self>,
        user: &str,
        password: Vec<u8>,
        is_wanted: impl FnOnce() -> bool,
    ) -> bool {
        // It is never closed.
        let Ok(_permit) = self.permits.acquire().await else { return false };
        if !is_wanted() {
            return false;
        }
        let known = self.users.get(user);
        let (is_known, hash) = (known.is_some(), known.unwrap_or(&self.nobody).clone());
        let check = spawn_blocking(move || {
            let Ok(hash) = PasswordHash::new(&hash) else { return false };
            Argon2::default().verify_password(&password, &hash).is_ok()
        });
        matches!(check.await, Ok(true)) && is_known
    }
}

fn check_name(name: &str) -> Result<(), String> {
    if name.is_empty() || name.contains([':', '\n']) || name.starts_with('#') {
        return Err("a user name is not empty, has no colon, and begins with no #".to_owned());
    }
    if RESERVED.contains(&name) || name.contains(char::is_whitespace) {
        return Err(format!("{name:?} can't be the name of a user"));
    }
    Ok(())
}

fn hash(password: &str) -> Result<String, Failure> {
    let hash = Argon2::default().hash_password(password.as_bytes());
    Ok(hash.map_err(|error| Failure::Broken(format!("no hash: {error}")))?.to_string())
}

/// Prints a line for the file.
pub fn make(user: &str) -> Result<(), Failure> {
    check_name(user).map_err(Failure::Input)?;
    let password = if io::stdin().is_terminal() {
        let first = rpassword::prompt_password(format!("Password of {user}: "))?;
        if rpassword::prompt_password("Again: ")? != first {
            return Err(Failure::Input("these are two passwords".to_owned()));
        }
        first
    } else {
        let mut line = String::new();
        io::stdin().read_line(&mut line)?;
        line.trim_end_matches(['\r', '\n']).to_owned()
    };
    if password.is_empty() {
        return Err(Failure::Input("an empty password keeps nobody out".to_owned()));
    }
    println!("{user}:{}", hash(&password)?);
    Ok(())
}
