//! Folding: what of a character remains when writing habits are taken away.
//!
//! Per character, in this order: invisible characters vanish; compatibility forms are taken apart (NFKD); accents and
//! other marks that only decorate vanish, while the vowel signs of Indic and South-East Asian scripts and the voicing marks of
//! kana stay; case folds (upper, then lower: `ß` is `ss`); decimal digits of any script become `0`–`9`; dashes, middle dots, quotes, full stops and white
//! space become their ASCII form, and so do letters and digits that are drawn small, white on black, in rings or in parentheses; letters of Latin, Greek, Cyrillic, Armenian, Cherokee and Lisu that look like ASCII letters become them.
//!
//! Sources: Unicode NFKD and general categories, UTS 39 confusables (through the unicode-rs crates). Look-alikes are
//! taken from non-ASCII characters to ASCII letters only: UTS 39 would also join `1`, `l` and `I`, or `m` and `rn`, which ordinary
//! codes and names have to keep apart. A character looks like a letter if its lower case does or else if its upper case does, so Cyrillic `в` is
//! `b` because `В` looks like `B`; case and looks stay one equivalence.

use std::sync::OnceLock;

use unicode_normalization::UnicodeNormalization;
use unicode_properties::{GeneralCategory, UnicodeGeneralCategory};
use unicode_script::{Script, UnicodeScript};

use super::Class;

/// What folding is called in an index: its definition, and the versions of Unicode behind it. Any change to the outcome of [`fold`]
/// for any character changes this string.
pub(crate) fn version() -> String {
    let (std, nfkd) = (char::UNICODE_VERSION, unicode_normalization::UNICODE_VERSION);
    let (category, script) = (unicode_properties::UNICODE_VERSION, unicode_script::UNICODE_VERSION);
    let looks = unicode_security::UNICODE_VERSION;
    format!(
        "3/{}.{}-{}.{}-{}.{}-{}.{}-{}.{}",
        std.0, std.1, nfkd.0, nfkd.1, category.0, category.1, script.0, script.1, looks.0, looks.1
    )
}

/// One folded character.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Folded {
    pub(crate) ch: char,
    pub(crate) class: Class,
    /// A key may start at this character even inside a run of its script (scripts without spaces), or it starts a run.
    pub(crate) opens: bool,
}

/// What one raw character folds to.
#[derive(Clone, Copy)]
pub(crate) struct Folding {
    /// Empty for invisible characters and decorating marks.
    pub(crate) folded: &'static [Folded],
    /// More than the case was folded.
    pub(crate) altered: bool,
}

/// Folds one character. ASCII has a faster way, [`super::symbols`] takes it.
///
/// The first character of a block of 256 folds the whole block and keeps it for the life of the process.
pub(crate) fn fold(c: char) -> Folding {
    static PAGES: [OnceLock<Page>; 0x1100] = [const { OnceLock::new() }; 0x1100];
    let code = c as u32;
    PAGES[(code >> 8) as usize].get_or_init(|| Page::new(code & !0xff)).fold(code & 0xff)
}

struct Page {
    folded: Vec<Folded>,
    entries: Vec<Entry>,
}

#[derive(Clone, Copy)]
struct Entry {
    start: u16,
    len: u8,
    altered: bool,
}

impl Page {
    fn new(first: u32) -> Self {
        let mut page = Page { folded: Vec::new(), entries: Vec::with_capacity(256) };
        let mut buffer = Vec::new();
        for code in first..first + 256 {
            buffer.clear();
            let altered = char::from_u32(code).is_some_and(|c| fold_slowly(c, &mut buffer));
            let start =
                u16::try_from(page.folded.len()).expect("a block folds to fewer than 65,536 characters");
            page.entries.push(Entry { start, len: buffer.len() as u8, altered });
            page.folded.extend_from_slice(&buffer);
        }
        page
    }

    fn fold(&'static self, low: u32) -> Folding {
        let entry = self.entries[low as usize];
        let start = usize::from(entry.start);
        Folding { folded: &self.folded[start..start + usize::from(entry.len)], altered: entry.altered }
    }
}

/// The definition of folding. Appends to `out`; says whether more than the case was folded.
fn fold_slowly(c: char, out: &mut Vec<Folded>) -> bool {
    if is_invisible(c) {
        return true;
    }
    let drawn = in_parentheses(c).unwrap_or(c);
    let decomposed: Vec<char> = std::iter::once(drawn).nfkd().filter(|m| !is_decoration(*m)).collect();
    let cased: String = decomposed
        .iter()
        .flat_map(|c| c.to_uppercase())
        .flat_map(char::to_lowercase)
        .nfkd()
        .filter(|m| !is_decoration(*m) && !is_invisible(*m))
        .collect();
    let mut first = true;
    for c in cased.chars() {
        let mut push = |ch: char, first: &mut bool| {
            let class = class_of(ch);
            let continues = matches!(ch, '\u{1160}'..='\u{11ff}') || is_mark(ch);
            out.push(Folded { ch, class, opens: *first && !continues });
            *first = false;
        };
        if let Some(ascii) = as_ascii(c) {
            push(ascii, &mut first);
        } else if let Some(letters) = look_alike(c) {
            letters.chars().for_each(|l| push(l, &mut first));
        } else {
            push(c, &mut first);
        }
    }
    !(out.len() == 1 && c.to_lowercase().eq(std::iter::once(out[0].ch)))
}

/// Characters a reader does not see: controls, format characters, fillers, variation selectors, tags.
fn is_invisible(c: char) -> bool {
    if c.is_whitespace() {
        return false;
    }
    matches!(c.general_category(), GeneralCategory::Control | GeneralCategory::Format)
        || matches!(c,
            '\u{034f}' | '\u{115f}' | '\u{1160}' | '\u{17b4}' | '\u{17b5}' | '\u{180b}'..='\u{180f}'
            | '\u{3164}' | '\u{fe00}'..='\u{fe0f}' | '\u{ffa0}' | '\u{fff0}'..='\u{fff8}'
            | '\u{1d159}' | '\u{e0000}'..='\u{e0fff}' | '\u{2800}' | '\u{fffc}')
}

fn is_mark(c: char) -> bool {
    use GeneralCategory::{EnclosingMark, NonspacingMark, SpacingMark};
    matches!(c.general_category(), NonspacingMark | SpacingMark | EnclosingMark)
}

/// Marks that only decorate a letter, as opposed to those that are a vowel or a voicing of their own.
fn is_decoration(c: char) -> bool {
    matches!(c.general_category(), GeneralCategory::NonspacingMark | GeneralCategory::EnclosingMark)
        && matches!(
            c.script(),
            Script::Inherited
                | Script::Common
                | Script::Latin
                | Script::Greek
                | Script::Cyrillic
                | Script::Hebrew
                | Script::Arabic
                | Script::Syriac
        )
        && !matches!(c, '\u{3099}' | '\u{309a}')
}

/// Digits of any script, and the punctuation that has one ASCII form.
fn as_ascii(c: char) -> Option<char> {
    if c.is_ascii() {
        return Some(if c.is_whitespace() { ' ' } else { c });
    }
    if c.is_whitespace() {
        return Some(' ');
    }
    if c.general_category() == GeneralCategory::DecimalNumber {
        // Decimal digits come in unbroken runs of ten that begin at zero (Unicode, section 4.6).
        let is_digit = |code| {
            char::from_u32(code).is_some_and(|c| c.general_category() == GeneralCategory::DecimalNumber)
        };
        let zero = (0..c as u32).rev().take_while(|code| is_digit(*code)).last().unwrap_or(c as u32);
        return char::from_digit((c as u32 - zero) % 10, 10);
    }
    match c {
        '\u{3002}' => Some('.'),
        '\u{2018}' | '\u{2019}' | '\u{201b}' | '\u{2032}' | '\u{02b9}' | '\u{02bb}' | '\u{02bc}'
        | '\u{055a}' => Some('\''),
        '\u{2212}'
        | '\u{2010}'..='\u{2015}'
        | '\u{2043}'
        | '\u{02d7}'
        | '\u{30fb}'
        | '\u{00b7}'
        | '\u{2027}'
        | '\u{2219}'
        | '\u{22c5}' => Some('-'),
        _ if c.general_category() == GeneralCategory::DashPunctuation => Some('-'),
        _ => drawn_letter(c),
    }
}

/// The letter or digit that is drawn in parentheses, which Unicode takes apart with them.
fn in_parentheses(c: char) -> Option<char> {
    let nth = |first: u8, place: u32| u8::try_from(place).ok().map(|place| char::from(first + place));
    match c as u32 {
        code @ 0x2474..=0x247c => nth(b'1', code - 0x2474),
        code @ 0x249c..=0x24b5 => nth(b'a', code - 0x249c),
        code @ 0x1f110..=0x1f129 => nth(b'A', code - 0x1f110),
        _ => None,
    }
}

/// The letter or digit that small capitals, white characters on black, in other rings, and the letters of flags show, which Unicode does not take apart.
fn drawn_letter(c: char) -> Option<char> {
    const SMALL_CAPITALS: &str = "ᴀʙᴄᴅᴇꜰɢʜɪᴊᴋʟᴍɴᴏᴘꞯʀꜱᴛᴜᴠᴡ\u{fffd}ʏᴢ";
    let letter = |place: u32| u8::try_from(place).ok().map(|place| char::from(b'a' + place));
    let digit = |first: u32| char::from_digit(c as u32 - first + 1, 10);
    match c {
        '\u{24ff}' | '\u{1f10b}' | '\u{1f10c}' => Some('0'),
        '\u{24f5}'..='\u{24fd}' => digit(0x24f5),
        '\u{2776}'..='\u{277e}' => digit(0x2776),
        '\u{2780}'..='\u{2788}' => digit(0x2780),
        '\u{278a}'..='\u{2792}' => digit(0x278a),
        '\u{fffd}' => None,
        '\u{1f150}'..='\u{1f169}' => letter(c as u32 - 0x1f150),
        '\u{1f170}'..='\u{1f189}' => letter(c as u32 - 0x1f170),
        '\u{1f1e6}'..='\u{1f1ff}' => letter(c as u32 - 0x1f1e6),
        _ => SMALL_CAPITALS.chars().position(|small| small == c).and_then(|place| letter(place as u32)),
    }
}

/// The ASCII letter that a Greek, Cyrillic or Armenian capital looks like, if it does not fold to it: a Greek `Ν` is folded as `ν`, which looks
/// like a `v`.
pub(crate) fn capital_look(c: char) -> Option<char> {
    static LOOKS: OnceLock<Vec<Option<char>>> = OnceLock::new();
    const FIRST: u32 = 0x370;
    let place = (c as u32).checked_sub(FIRST).filter(|place| *place < 0x590 - FIRST)?;
    let look = |c: char| {
        let skeleton: String = unicode_security::skeleton(c.encode_utf8(&mut [0; 4])).collect();
        let mut letters = skeleton.chars().map(|letter| letter.to_ascii_lowercase());
        let letter =
            letters.next().filter(|letter| letters.next().is_none() && letter.is_ascii_lowercase())?;
        let is_other = fold(c).folded.first().is_none_or(|folded| folded.ch != letter);
        // What looks like `l` as a capital is an `I`.
        (c.is_uppercase() && is_other && letter != 'l').then_some(letter)
    };
    let looks =
        LOOKS.get_or_init(|| (FIRST..0x590).map(|code| char::from_u32(code).and_then(look)).collect());
    looks[place as usize]
}

/// The ASCII letters a letter of a related script looks like.
fn look_alike(c: char) -> Option<String> {
    let related = matches!(
        c.script(),
        Script::Latin
            | Script::Greek
            | Script::Cyrillic
            | Script::Armenian
            | Script::Cherokee
            | Script::Lisu
            | Script::Coptic
            | Script::Deseret
            | Script::Common
    );
    if !related || !c.is_alphabetic() {
        return None;
    }
    let letters_of = |c: char| {
        let mut buffer = [0; 4];
        let skeleton: String = unicode_security::skeleton(c.encode_utf8(&mut buffer))
            .nfkd()
            .filter(|m| !is_decoration(*m))
            .flat_map(char::to_lowercase)
            .collect();
        (1..=2)
            .contains(&skeleton.len())
            .then_some(skeleton)
            .filter(|s| s.bytes().all(|b| b.is_ascii_lowercase()))
    };
    letters_of(c).or_else(|| c.to_uppercase().next().filter(|upper| *upper != c).and_then(letters_of))
}

fn class_of(c: char) -> Class {
    if c == ' ' {
        Class::Space
    } else if c == '_' || c.is_ascii_alphanumeric() {
        Class::Run
    } else if c.is_ascii() {
        Class::Other
    } else if c.is_alphanumeric() || is_mark(c) {
        if is_unspaced(c.script()) || matches!(c, '\u{3099}' | '\u{309a}') { Class::Solo } else { Class::Run }
    } else {
        Class::Other
    }
}

/// Scripts that put no spaces between words, or glue particles to names (Korean).
fn is_unspaced(script: Script) -> bool {
    use Script::*;
    matches!(
        script,
        Han | Hiragana
            | Katakana
            | Bopomofo
            | Hangul
            | Thai
            | Lao
            | Khmer
            | Myanmar
            | Tibetan
            | Javanese
            | Balinese
            | Yi
            | Tai_Le
            | New_Tai_Lue
            | Tai_Tham
            | Tai_Viet
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    fn folded(text: &str) -> String {
        text.chars().flat_map(|c| fold(c).folded).map(|f| f.ch).collect()
    }

    #[test]
    fn writing_habits_vanish() {
        for (raw, expected) in [
            ("MÜLLER", "muller"),
            ("Straße", "strasse"),
            ("José", "jose"),
            ("Jose\u{301}", "jose"),
            ("ﬁnance", "finance"),
            ("５５５", "555"),
            ("٥٥٥", "555"),
            ("𝐌𝐚𝐫𝐢𝐚", "maria"),
            ("mаriа", "maria"), // Cyrillic а
            ("ВОВ", "bob"),     // Cyrillic В, О
            ("вов", "bob"),
            ("ann＠example。com", "ann@example.com"),
            ("5\u{200b}5\u{ad}5", "555"),
            ("a\u{a0}b\tc", "a b c"),
            ("Łódź Ødegård", "lodz odegard"),
            ("O’Brien", "o'brien"),
            ("2‑3–4−5", "2-3-4-5"),
            ("Æ", "ae"),
            ("M̷a̸r̵ia", "maria"),
            ("İstanbul ısparta", "istanbul isparta"),
            ("🅼🅰🆁🅸🅰 🅜", "maria m"),
            ("ᴍᴀʀɪᴀ ʟᴏᴘᴇᴢ", "maria lopez"),
            ("⒨⒜🄡⑷ ❹⓿➀➎⓽", "mar4 40159"),
            ("4·1‧5", "4-1-5"),
        ] {
            assert_eq!(folded(raw), expected, "{raw}");
        }
    }

    #[test]
    fn capitals_have_looks_of_their_own() {
        // Greek Nu, Eta and Iota, Cyrillic I.
        assert_eq!(['Ν', 'Η', 'Ι', 'І', 'Α'].map(capital_look), [Some('n'), Some('h'), None, None, None]);
    }

    #[test]
    fn marks_that_are_vowels_stay() {
        assert_ne!(folded("की"), folded("का"));
        assert_ne!(folded("が"), folded("か"));
        assert_eq!(folded("が"), folded("か\u{3099}"));
        assert_ne!(folded("กิ"), folded("กี"));
    }

    #[test]
    fn digits_and_letters_are_kept_apart() {
        assert_eq!(folded("Il1O0m"), "il1o0m");
    }

    #[test]
    fn folding_is_idempotent_and_its_version_is_honest() {
        let mut hash = xxhash_rust::xxh3::Xxh3::new();
        for c in (0..=0x10ffff).filter_map(char::from_u32) {
            let once: String = fold(c).folded.iter().map(|f| f.ch).collect();
            assert_eq!(folded(&once), once, "U+{:04X}", c as u32);
            hash.update(once.as_bytes());
            hash.update(&[0xff]);
        }
        // Folding changed for some character? Then indexes built before no longer fit: change `version` with this.
        // Another compiler or another version of the Unicode crates has another version, and nothing to compare with.
        if version() == "3/17.0-18.0-18.0-18.0-18.0" {
            assert_eq!(hash.digest(), 0x11df_7ccb_e96a_c6cb);
        }
    }
}
