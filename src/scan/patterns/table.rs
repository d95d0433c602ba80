//! The table of patterns: one row per kind that can be told by its looks.

use std::sync::LazyLock;

use super::automaton::Automaton;
use super::checks::{card, iban, ip, national_id, phone, secret};
use crate::identifier::Kind;

/// How values of a kind look, whoever's they are. Where they may begin and end is what the kind's [`Shape`](crate::Shape) says, as for known values.
pub(super) struct Pattern {
    pub(super) kind: Kind,
    pub(super) automaton: LazyLock<Automaton>,
    /// What an automaton cannot tell: check digits, ranges, mixtures. Takes the symbols, upper case as it stood in the text.
    pub(super) fits: fn(&[u8]) -> bool,
}

/// No run takes more symbols than this: the most that a pattern repeats, and then some.
pub(super) const LONGEST: usize = 8 << 10;

pub(super) static PATTERNS: [Pattern; 7] = [
    Pattern { kind: Kind::Email, automaton: LazyLock::new(|| join(&[EMAIL])), fits: |_| true },
    Pattern { kind: Kind::Phone, automaton: LazyLock::new(|| join(PHONES)), fits: phone },
    Pattern { kind: Kind::Iban, automaton: LazyLock::new(|| join(&[IBAN])), fits: iban },
    Pattern { kind: Kind::Card, automaton: LazyLock::new(|| join(CARDS)), fits: card },
    Pattern { kind: Kind::NationalId, automaton: LazyLock::new(|| join(NATIONAL_IDS)), fits: national_id },
    Pattern { kind: Kind::Ip, automaton: LazyLock::new(|| join(IPS)), fits: ip },
    Pattern { kind: Kind::Secret, automaton: LazyLock::new(|| join(SECRETS)), fits: secret },
];

/// Whether values of this kind can be told by their looks.
pub(crate) fn has_pattern(kind: &Kind) -> bool {
    PATTERNS.iter().any(|pattern| pattern.kind == *kind)
}

/// The names of the kinds whose values can be told by their looks.
pub(crate) fn kinds_with_patterns() -> impl Iterator<Item = &'static str> {
    PATTERNS.iter().map(|pattern| pattern.kind.name())
}

fn join(forms: &[&str]) -> Automaton {
    Automaton::new(&format!("(?:{})", forms.join("|")))
}

/// The local part without quotes and rare punctuation; up to eight labels and a top level of letters (RFC 5321, section 4.5.3.1). Other scripts are
/// one byte.
const EMAIL: &str = r"[a-z0-9_\x80][a-z0-9._%+'\-\x80]{0,63}@(?:[a-z0-9\x80](?:[a-z0-9\x80\-]{0,61}[a-z0-9\x80])?\.){1,8}[a-z\x80]{2,24}";

/// With a country code (ITU-T E.164: at most fifteen digits), with an international or trunk prefix, and those of North America as they are.
const PHONES: &[&str] = &[
    r"\+[1-9](?:[ \-./()]{0,3}[0-9]){6,14}",
    r"\(\+[1-9][0-9]{0,2}\)(?:[ \-./()]{0,3}[0-9]){5,13}",
    r"00[ \-./]?[1-9](?:[ \-./]?[0-9]){7,13}",
    r"011[ \-./]?[1-9](?:[ \-./]?[0-9]){7,13}",
    r"0[1-9](?:[ \-./]?[0-9]){7,10}",
    r"\(0[1-9][0-9]{0,4}\)(?:[ \-./]{0,2}[0-9]){4,10}",
    r"(?:1[ \-./]?)?(?:\([2-9][0-9]{2}\)[ \-./]{0,2}|[2-9][0-9]{2}[ \-./]?)[2-9][0-9]{2}[ \-./]?[0-9]{4}",
];

/// Country, check digits and groups of four (ISO 13616).
const IBAN: &str = r"[a-z]{2}[0-9]{2}(?:[ \-]?[a-z0-9]{4}){2,7}(?:[ \-]?[a-z0-9]{1,4})?";

/// The ranges in which cards are issued, unbroken or in their usual groups.
const CARDS: &[&str] = &[
    r"(?:4[0-9]{3}|5[0-8][0-9]{2}|6[0-9]{3}|222[1-9]|22[3-9][0-9]|2[3-6][0-9]{2}|27[01][0-9]|2720|35[0-9]{2})(?:[ \-.]{0,3}[0-9]{4}){2,3}(?:[ \-.]{0,3}[0-9]{1,3})?",
    r"3[47][0-9]{2}[ \-.]{0,3}[0-9]{6}[ \-.]{0,3}[0-9]{5}",
    r"3[0689][0-9]{2}[ \-.]{0,3}[0-9]{6}[ \-.]{0,3}[0-9]{4}",
];

/// Numbers of persons that are written in a way of their own, or have a check digit.
const NATIONAL_IDS: &[&str] = &[
    // United States: Social Security number.
    r"[0-8][0-9]{2}(?:-[0-9]{2}-| [0-9]{2} )[0-9]{4}",
    // United Kingdom: National Insurance number.
    r"[abceghj-prstw-z][abceghj-nprstw-z][ \-]?(?:[0-9]{2}[ \-]?){3}[a-d]",
    // Spain: DNI and NIE.
    r"(?:[0-9]{8}|[xyz]-?[0-9]{7})-?[a-z]",
    // Italy: codice fiscale.
    r"[a-z]{3} ?[a-z]{3} ?[0-9]{2}[abcdehlmprst][0-9]{2} ?[a-z][0-9]{3}[a-z]",
    // France: numéro de sécurité sociale.
    r"[12] ?[0-9]{2} ?[0-9]{2} ?[0-9][0-9ab] ?[0-9]{3} ?[0-9]{3} ?[0-9]{2}",
    // Germany: Steuer-Identifikationsnummer. Poland: PESEL.
    r"[0-9]{2} ?[0-9]{3} ?[0-9]{3} ?[0-9]{3}",
    // Sweden: personnummer.
    r"(?:19|20)?[0-9]{6}[\-+][0-9]{4}",
    // Finland: henkilötunnus.
    r"[0-9]{6}[\-+a-fu-y][0-9]{3}[0-9a-y]",
    // Belgium: rijksregisternummer.
    r"[0-9]{2}\.[0-9]{2}\.[0-9]{2}-[0-9]{3}\.[0-9]{2}",
];

const IPS: &[&str] =
    &[r"[0-9]{1,3}(?:\.[0-9]{1,3}){3}", r"(?:[0-9a-f]{1,4}|:)(?::[0-9a-f]{0,4}){1,7}(?:\.[0-9]{1,3}){0,3}"];

/// Prefixes by which vendors mark their keys and tokens, web tokens, private keys with what follows their header, and long hexadecimal and base64.
const SECRETS: &[&str] = &[
    r"sk-[a-z0-9_\-]{16,256}",
    r"[spr]k_(?:live|test)_[a-z0-9]{16,128}",
    r"gh[oprsu]_[a-z0-9]{36,255}",
    r"github_pat_[a-z0-9_]{22,255}",
    r"glpat-[a-z0-9_\-]{20,64}",
    r"xox[abceoprs]-[a-z0-9\-]{10,250}",
    r"xapp-[a-z0-9\-]{10,250}",
    r"a(?:kia|sia|gpa|ida|roa|npa|nva|ipa)[a-z2-7]{16}",
    r"aiza[a-z0-9_\-]{35}",
    r"ya29\.[a-z0-9_\-]{20,256}",
    r"npm_[a-z0-9]{36}",
    r"pypi-[a-z0-9_\-]{16,256}",
    r"hf_[a-z0-9]{30,64}",
    r"dop_v1_[a-f0-9]{64}",
    r"shp(?:at|ca|pa|ss)_[a-f0-9]{32}",
    r"sg\.[a-z0-9_\-]{16,32}\.[a-z0-9_\-]{16,64}",
    r"eyj[a-z0-9_\-]{8,512}\.eyj[a-z0-9_\-]{8,2048}\.[a-z0-9_\-]{8,1024}",
    r"-----begin [a-z0-9 ]{0,24}private key(?: block)?-----[a-z0-9+/= :,\-]{0,4096}",
    // Each group may begin one: the longest bounds how many are open at once.
    r"[a-f0-9]{32,128}",
    r"[a-z0-9+/_\-]{32,128}={0,2}",
];
