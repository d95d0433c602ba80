//! Reading configuration files.

use std::path::{Path, PathBuf};

use super::keys;
use super::settings::Config;
use crate::error::{Error, Result, toml_reason};

impl Config {
    /// Reads a configuration's text. Files that it names are taken from the current folder.
    ///
    /// # Errors
    /// It is not TOML, or says something that has no meaning; the message names the nearest thing that has.
    pub fn from_toml(text: &str) -> Result<Self> {
        let table: toml::Table = text.parse().map_err(|error| Error::config(toml_reason(&error)))?;
        keys::check("", &table)?;
        let config: Self = toml::from_str(text).map_err(|error| Error::config(toml_reason(&error)))?;
        if !(0.0..=1.0).contains(&config.enforce_share) {
            return Err(Error::config("enforce_share: expected a number from 0 to 1"));
        }
        Ok(config)
    }

    /// Reads a configuration file. Files that it names are taken from its own folder.
    ///
    /// # Errors
    /// As [`from_toml`](Self::from_toml), or it cannot be read.
    pub fn from_file(path: impl AsRef<Path>) -> Result<Self> {
        let path = path.as_ref();
        let text = std::fs::read_to_string(path)
            .map_err(|error| Error::file("read the configuration", path, &error))?;
        let mut config = Self::from_toml(&text).map_err(|error| error.about(path.display()))?;
        config.take_files_from(path.parent().unwrap_or(Path::new("")));
        Ok(config)
    }

    fn take_files_from(&mut self, folder: &Path) {
        let from_folder = |path: &mut PathBuf| *path = folder.join(&*path);
        if !self.index.as_os_str().is_empty() {
            from_folder(&mut self.index);
        }
        self.upstream_ca
            .iter_mut()
            .chain(&mut self.grants)
            .chain(&mut self.key_file)
            .chain(&mut self.reports.file)
            .chain(&mut self.conversations.store_ca)
            .for_each(from_folder);
        if let Some(tls) = &mut self.tls {
            from_folder(&mut tls.cert);
            from_folder(&mut tls.key);
        }
        let named = [Some(&mut self.policy), self.shadow_policy.as_mut()].into_iter().flatten();
        for policy in named.filter(|policy| is_policy_file(policy)) {
            *policy = folder.join(&*policy).display().to_string();
        }
        if let Some(jwt) = self.reader.jwt.as_mut().filter(|jwt| !jwt.keys.starts_with("http")) {
            jwt.keys = folder.join(&jwt.keys).display().to_string();
        }
    }
}

/// Whether a policy is named by its file, not by its name.
pub(in crate::serve) fn is_policy_file(name: &str) -> bool {
    crate::Policy::built_in(name).is_err() && name.contains(['/', '\\', '.'])
}
