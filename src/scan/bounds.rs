//! Where a value may begin and end, by what stands beside it.

use crate::identifier::Shape;
use crate::text::{Class, Symbol, ascii_class};

/// The two symbols before a place.
#[derive(Clone, Copy, Debug)]
pub(super) struct Before {
    near: Seen,
    far: Seen,
}

/// A symbol that went by. ASCII is kept as it came and folded only when somebody asks.
#[derive(Clone, Copy, Debug)]
enum Seen {
    Ascii(u8),
    Folded(char, Class),
}

impl Seen {
    #[inline]
    fn ch(self) -> char {
        match self {
            Self::Ascii(byte) => byte.to_ascii_lowercase() as char,
            Self::Folded(ch, _) => ch,
        }
    }

    #[inline]
    fn class(self) -> Class {
        match self {
            Self::Ascii(byte) => ascii_class(byte).unwrap_or(Class::Space),
            Self::Folded(_, class) => class,
        }
    }
}

impl Before {
    /// Nothing, as at the start of a text.
    pub(super) const NOTHING: Self = Self { near: Seen::Ascii(b' '), far: Seen::Ascii(b' ') };

    pub(super) fn push(&mut self, symbol: &Symbol) {
        *self = Self { near: Seen::Folded(symbol.ch, symbol.class), far: self.near };
    }

    /// Goes past ASCII bytes, none of which folds to nothing.
    #[inline]
    pub(super) fn pass(&mut self, bytes: &[u8]) {
        match *bytes {
            [.., far, near] => *self = Self { near: Seen::Ascii(near), far: Seen::Ascii(far) },
            [near] => *self = Self { near: Seen::Ascii(near), far: self.near },
            [] => {}
        }
    }

    /// What is before a place behind these ASCII bytes, none of which folds to nothing.
    #[inline]
    pub(super) fn then(&self, bytes: &[u8]) -> Self {
        let mut before = *self;
        before.pass(bytes);
        before
    }

    /// Whether [`lets_begin`](Self::lets_begin) may say no.
    #[inline]
    pub(super) fn may_bar(&self) -> bool {
        may_bar(self.near.ch())
    }

    #[inline]
    pub(super) fn class(&self) -> Class {
        self.near.class()
    }

    /// Behind `+`, behind `=`, `+`, `/`, `<` or `×` and a space, or behind a full stop. Other signs of arithmetic are marks of lists, quotations and emphasis too.
    pub(super) fn is_behind_operator(&self) -> bool {
        let is_operator = |c: char| matches!(c, '=' | '+' | '/' | '<' | '×');
        let (near, far) = (self.near.ch(), self.far.ch());
        matches!(near, '.' | '+') || near == ' ' && is_operator(far)
    }

    /// Behind the sign of a currency, or inside of an amount, a date or a longer number: what begins there with a digit is no postcode.
    pub(super) fn is_in_number(&self) -> bool {
        let near = self.near.ch();
        is_currency(near) || self.far.ch().is_ascii_digit() && matches!(near, '.' | ',' | '-')
    }

    /// The nearest symbol, if it is ASCII.
    pub(super) fn near_byte(&self) -> Option<u8> {
        u8::try_from(self.near.ch()).ok().filter(u8::is_ascii)
    }

    /// Whether a value of this shape may begin behind these symbols, given that no word goes on here.
    pub(super) fn lets_begin(&self, shape: Shape) -> bool {
        let (near, far) = (self.near.ch(), self.far.ch());
        let after_word = self.far.class() == Class::Run;
        let after_digit = far.is_ascii_digit();
        match shape {
            // `x.ann@example.com` is another address, `- ann@example.com` is not.
            Shape::Email => !(after_word && matches!(near, '.' | '-' | '+' | '%')),
            Shape::Handle => !(after_word && matches!(near, '.' | '@')),
            Shape::Phone | Shape::Digits | Shape::Ip => !(after_digit && near == '.'),
            Shape::FewDigits => !(is_currency(near) || after_digit && matches!(near, '.' | ',')),
            _ => true,
        }
    }
}

/// Whether some kinds may not begin behind this character.
#[inline]
pub(super) fn may_bar(c: char) -> bool {
    matches!(c, '.' | '-' | '+' | '%' | '@' | ',') || is_currency(c)
}

fn is_currency(c: char) -> bool {
    matches!(c, '$' | '€' | '£' | '¥' | '₹')
}

/// What a value that is complete waits for, to know that it does not go on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Waiting {
    /// The next symbol.
    Next,
    /// The symbol behind one that may join longer values (`.`, `@`, `,`).
    BehindJoiner,
    /// The end of what may be one more label of a domain (`ann@ex.co` in `ann@ex.co-op.example`).
    Label { length: u8 },
    /// The symbol behind the dot behind that label.
    BehindLabel,
    /// The full stop behind an initial.
    FullStop,
    /// Nothing: it is known that it does not go on.
    Over,
    /// The symbol behind an `x` that may begin an extension (`555-0104x22`).
    Extension,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Verdict {
    Ends,
    GoesOn,
    Wait(Waiting),
}

/// The longest label of a domain (RFC 1035, section 2.3.4).
const LONGEST_LABEL: u8 = 63;

impl Waiting {
    /// Decides with the next symbol whether a complete value of this shape ends; `last` is the class of its last symbol.
    pub(super) fn next(self, shape: Shape, last: Class, symbol: &Symbol) -> Verdict {
        use Verdict::{Ends, GoesOn, Wait};
        let is_word = symbol.class == Class::Run;
        let goes_on_if = |goes_on| if goes_on { GoesOn } else { Ends };
        match self {
            Self::Next if symbol.joins(last) => match shape {
                Shape::Phone if symbol.ch == 'x' => Wait(Self::Extension),
                _ => GoesOn,
            },
            Self::Next => match (shape, symbol.ch) {
                (Shape::Email, '-') => Wait(Self::Label { length: 0 }),
                (Shape::Email | Shape::Phone | Shape::Digits | Shape::Ip, '.')
                | (Shape::Handle, '.' | '@')
                | (Shape::FewDigits, '.' | ',') => Wait(Self::BehindJoiner),
                (Shape::FewDigits, '%') => GoesOn,
                _ => Ends,
            },
            Self::BehindJoiner => match shape {
                Shape::Phone | Shape::Digits | Shape::Ip | Shape::FewDigits => goes_on_if(symbol.is_digit()),
                _ => goes_on_if(is_word),
            },
            Self::Label { length } if (is_word || symbol.ch == '-') && length < LONGEST_LABEL => {
                Wait(Self::Label { length: length + 1 })
            }
            Self::Label { length } if symbol.ch == '.' && length > 0 => Wait(Self::BehindLabel),
            Self::Label { .. } => Ends,
            Self::BehindLabel => goes_on_if(is_word),
            Self::FullStop => goes_on_if(symbol.ch != '.'),
            Self::Over => Ends,
            Self::Extension => goes_on_if(!symbol.is_digit()),
        }
    }
}
