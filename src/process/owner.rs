//! Which process something belongs to, so that others can tell when it is gone.

use std::os::unix::fs::MetadataExt as _;

/// A process of some machine: its number, its start, the namespace that its number counts in, and the machine's boot.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Owner {
    pub(super) pid: u32,
    pub(super) started: String,
    pub(super) namespace: String,
    boot: String,
}

impl Owner {
    /// This process.
    pub fn this() -> Self {
        let pid = std::process::id();
        Self {
            pid,
            started: started(pid).unwrap_or_default(),
            namespace: namespace().unwrap_or_default(),
            boot: boot().unwrap_or_default(),
        }
    }

    /// What [`Self::parse`] reads.
    pub fn text(&self) -> String {
        format!("{} {} {} {}", self.pid, self.started, self.namespace, self.boot)
    }

    /// Reads what another process has written of itself.
    pub fn parse(text: &str) -> Option<Self> {
        let words: Vec<&str> = text.split(' ').collect();
        let [pid, started, namespace, boot] = words.try_into().ok()?;
        let text = |word: &str| Some(word.to_owned()).filter(|word| !word.is_empty());
        Some(Self { pid: pid.parse().ok()?, started: text(started)?, namespace: text(namespace)?, boot: text(boot)? })
    }

    /// Whether it was a process of this machine that is certainly gone. Of another machine's nothing is known here.
    pub fn is_gone(&self) -> bool {
        boot().as_deref() == Some(self.boot.as_str()) && is_gone(self.pid, &self.started, &self.namespace)
    }
}

/// Whether a process of this machine is gone, as far as can be seen from this namespace.
pub(super) fn is_gone(pid: u32, began: &str, world: &str) -> bool {
    // A container that shares a folder has numbers of its own: its process lives, and is not to be seen from here.
    // A number is given to somebody else one day, and never at the same tick.
    namespace().as_deref() == Some(world) && started(pid).is_none_or(|started| started != began)
}

/// In which world the numbers of this machine's processes count, as the number of their namespace.
/// Source: <https://man7.org/linux/man-pages/man7/pid_namespaces.7.html>.
fn namespace() -> Option<String> {
    Some(std::fs::metadata("/proc/self/ns/pid").ok()?.ino().to_string())
}

/// Another one after each start of the machine.
/// Source: <https://man7.org/linux/man-pages/man5/proc_sys_kernel.5.html>.
fn boot() -> Option<String> {
    Some(std::fs::read_to_string("/proc/sys/kernel/random/boot_id").ok()?.trim().to_owned())
}

/// When a process was started, in ticks since the machine was.
/// Source: <https://man7.org/linux/man-pages/man5/proc_pid_stat.5.html>, field 22.
fn started(pid: u32) -> Option<String> {
    let stat = std::fs::read_to_string(format!("/proc/{pid}/stat")).ok()?;
    // Field 2 is a name in parentheses, and may have anything in it.
    let (_, behind) = stat.rsplit_once(')')?;
    behind.split_whitespace().nth(19).map(str::to_owned)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_owner_is_gone_only_where_that_can_be_seen() {
        let this = Owner::this();
        assert_eq!(Owner::parse(&this.text()), Some(this.clone()));
        assert!(!this.is_gone());
        assert!(Owner { started: "1".to_owned(), ..this.clone() }.is_gone(), "the number is another process's now");
        assert!(!Owner { started: "1".to_owned(), namespace: "7".to_owned(), ..this.clone() }.is_gone());
        assert!(!Owner { started: "1".to_owned(), boot: "elsewhere".to_owned(), ..this }.is_gone());
        for text in ["", "1 2 3", "x 2 3 4", "1 2 3 ", "1 2 3 4 5"] {
            assert_eq!(Owner::parse(text), None, "{text}");
        }
    }
}
