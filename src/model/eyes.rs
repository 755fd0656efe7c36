//! Levels of eyes: from how near a part of the service can be looked at.

/// How near. Each level sees what the ones before it see.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum EyeLevel {
    /// From outside: pages, mailbox, number, `/_status`.
    Outside,
    /// The platform: instances, crashes, deploys, logs.
    Platform,
    /// The providers of mails and texts, read only.
    Providers,
    /// Buckets, database and broker, read only; where they can be reached.
    Stores,
}

impl EyeLevel {
    /// Its number.
    pub fn number(self) -> u8 {
        match self {
            Self::Outside => 0,
            Self::Platform => 1,
            Self::Providers => 2,
            Self::Stores => 3,
        }
    }

    /// What it looks at.
    pub fn sees(self) -> &'static str {
        match self {
            Self::Outside => "pages, mailbox, number, /_status",
            Self::Platform => "the platform's instances, deploys and logs",
            Self::Providers => "the providers of mails and texts, read only",
            Self::Stores => "buckets, database and broker, read only",
        }
    }
}

impl std::fmt::Display for EyeLevel {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "level {} ({})", self.number(), self.sees())
    }
}
