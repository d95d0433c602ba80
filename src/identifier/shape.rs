//! Shapes: what of a value is compared and what may stand between its parts.

/// How values of a kind are built: what of them is compared, what may stand between their parts, where they begin and end.
#[derive(Clone, Copy, Debug, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum Shape {
    /// Every character counts; never inside a longer address or domain.
    Email,
    /// National digits, grouped in any way, with or without a country or trunk prefix.
    Phone,
    /// Digits, grouped in any way; never inside a longer number.
    Digits,
    /// A few digits that must stand alone: not in an amount, a percentage or a longer number.
    FewDigits,
    /// Letters and digits; hyphens, dots and slashes between them, and spaces after a digit, do not count.
    Code,
    /// Letters and digits in groups: like a code, and spaces between them never count.
    Groups,
    /// Every character counts; never inside a longer handle or an email address.
    Handle,
    /// Every character counts.
    Exact,
    /// An IP address; every character counts.
    Ip,
    /// Words joined by white space or punctuation.
    Words,
    /// Words of a person's name: joined by white space, hyphen or apostrophe; a middle name may stand between.
    Name,
    /// A calendar date in its usual spellings.
    Date,
}

/// What may stand between the parts of a value without being part of it.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Gaps {
    set: u128,
    /// More characters than this in one gap end a walk.
    pub(crate) longest: u8,
    pub(crate) between: Between,
}

/// What a gap is in a key.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Between {
    /// There are no gaps: every character counts.
    Nowhere,
    /// Nothing: `555-0104` is `5550104`.
    Characters,
    /// One space: `Ann-Marie  Lee` is `ann marie lee`.
    Words,
}

const fn set(characters: &str) -> u128 {
    let bytes = characters.as_bytes();
    let (mut set, mut at) = (0, 0);
    while at < bytes.len() {
        set |= 1 << bytes[at];
        at += 1;
    }
    set
}

impl Gaps {
    /// Whether the folded character may be part of a gap.
    #[inline]
    pub(crate) fn allow(&self, folded: char) -> bool {
        folded.is_ascii() && self.set & (1 << (folded as u32)) != 0
    }
}

impl Shape {
    /// What may stand between the parts of a value of this shape.
    pub(crate) const fn gaps(self) -> Gaps {
        const fn gaps(between: Between, longest: u8, characters: &str) -> Gaps {
            Gaps { set: set(characters), longest, between }
        }
        match self {
            Self::Email | Self::Handle | Self::Exact | Self::Ip | Self::FewDigits => {
                gaps(Between::Nowhere, 0, "")
            }
            Self::Phone => gaps(Between::Characters, 4, " -./()"),
            Self::Digits => gaps(Between::Characters, 3, " -."),
            Self::Code | Self::Groups => gaps(Between::Characters, 3, " -./"),
            Self::Words => gaps(Between::Words, 64, " -'.,#/:;()\"+"),
            // A plus is the space of a form (`?name=Ann+Lee`).
            Self::Name => gaps(Between::Words, 64, " -'.,+"),
            Self::Date => gaps(Between::Words, 8, " -./,"),
        }
    }

    /// Only digits count, so that a value can begin nowhere but at a digit.
    pub(crate) const fn is_digits(self) -> bool {
        matches!(self, Self::Phone | Self::Digits | Self::FewDigits)
    }

    /// A value of it is none inside of a longer one of the other shape: a number or code in another, an address in an address.
    pub(crate) const fn is_none_inside(self, longer: Self) -> bool {
        match self {
            Self::Phone | Self::Digits | Self::FewDigits | Self::Code | Self::Groups | Self::Ip => {
                matches!(longer, Self::Phone | Self::Digits | Self::Code | Self::Groups | Self::Ip)
            }
            Self::Email => matches!(longer, Self::Email),
            Self::Handle => matches!(longer, Self::Email | Self::Handle),
            Self::Exact | Self::Words | Self::Name | Self::Date => false,
        }
    }
}
