//! The closed lists of elements and attributes.
//!
//! Nothing here may run a script, load anything by itself or carry a style: no `script`, `iframe`,
//! `img`, `style`, `on…`. `href` is the one address; whoever sets it has checked it.

/// An enum whose values have names in HTML, and codes on the wire: their places in the list.
macro_rules! names {
    ($(#[$about:meta])* $list:ident { $($value:ident = $name:literal,)* }) => {
        $(#[$about])*
        #[derive(Debug, Clone, Copy, PartialEq, Eq)]
        pub enum $list { $($value,)* }

        impl $list {
            const ALL: &[Self] = &[$(Self::$value,)*];

            /// Its name in the document.
            #[must_use]
            pub fn name(self) -> &'static str {
                match self { $(Self::$value => $name,)* }
            }

            /// The one with this name.
            #[must_use]
            pub fn from_name(name: &str) -> Option<Self> {
                match name { $($name => Some(Self::$value),)* _ => None }
            }

            pub(crate) fn code(self) -> usize {
                Self::ALL.iter().position(|it| *it == self).unwrap_or_default()
            }

            pub(crate) fn from_code(code: usize) -> Option<Self> {
                Self::ALL.get(code).copied()
            }
        }
    };
}

names! {
    /// An element.
    Tag {
        A = "a",
        Blockquote = "blockquote",
        Br = "br",
        Button = "button",
        Code = "code",
        Del = "del",
        Div = "div",
        Em = "em",
        H2 = "h2",
        H3 = "h3",
        H4 = "h4",
        H5 = "h5",
        H6 = "h6",
        Hr = "hr",
        Input = "input",
        Li = "li",
        Ol = "ol",
        P = "p",
        Pre = "pre",
        Span = "span",
        Strong = "strong",
        Table = "table",
        Tbody = "tbody",
        Td = "td",
        Th = "th",
        Thead = "thead",
        Tr = "tr",
        Ul = "ul",
        // All from here on are MathML's.
        Math = "math",
        Menclose = "menclose",
        Mfrac = "mfrac",
        Mi = "mi",
        Mmultiscripts = "mmultiscripts",
        Mn = "mn",
        Mo = "mo",
        Mover = "mover",
        Mpadded = "mpadded",
        Mphantom = "mphantom",
        Mprescripts = "mprescripts",
        Mroot = "mroot",
        Mrow = "mrow",
        Mspace = "mspace",
        Msqrt = "msqrt",
        Mstyle = "mstyle",
        Msub = "msub",
        Msubsup = "msubsup",
        Msup = "msup",
        Mtable = "mtable",
        Mtd = "mtd",
        Mtext = "mtext",
        Mtr = "mtr",
        Munder = "munder",
        Munderover = "munderover",
    }
}

names! {
    /// An attribute.
    Attribute {
        Action = "data-action",
        AriaLabel = "aria-label",
        Checked = "checked",
        Class = "class",
        Disabled = "disabled",
        Href = "href",
        Language = "data-language",
        Rel = "rel",
        Role = "role",
        Scope = "scope",
        Source = "data-source",
        Start = "start",
        TabIndex = "tabindex",
        Target = "target",
        Type = "type",
        // All from here on are MathML's.
        Accent = "accent",
        AccentUnder = "accentunder",
        AltText = "alttext",
        ColumnSpan = "columnspan",
        Depth = "depth",
        Display = "display",
        DisplayStyle = "displaystyle",
        Fence = "fence",
        Form = "form",
        Height = "height",
        LargeOp = "largeop",
        LineThickness = "linethickness",
        LSpace = "lspace",
        MathVariant = "mathvariant",
        MaxSize = "maxsize",
        MinSize = "minsize",
        MovableLimits = "movablelimits",
        RowSpan = "rowspan",
        RSpace = "rspace",
        ScriptLevel = "scriptlevel",
        Separator = "separator",
        Stretchy = "stretchy",
        Symmetric = "symmetric",
        VOffset = "voffset",
        Width = "width",
    }
}

impl Tag {
    /// Whether it is MathML's, which has a namespace of its own.
    #[must_use]
    pub fn is_math(self) -> bool {
        self.code() >= Self::Math.code()
    }
}

impl Attribute {
    /// Whether a formula may set it; those of HTML are for the document's own structure.
    #[must_use]
    pub fn is_math(self) -> bool {
        self.code() >= Self::Accent.code()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_in_it_runs_or_loads_anything() {
        for tag in Tag::ALL {
            assert_eq!(Tag::from_name(tag.name()), Some(*tag));
            assert_eq!(Tag::from_code(tag.code()), Some(*tag));
        }
        for name in [
            "script",
            "style",
            "img",
            "iframe",
            "object",
            "annotation-xml",
            "maction",
        ] {
            assert_eq!(Tag::from_name(name), None, "{name}");
        }
        for attribute in Attribute::ALL {
            assert_eq!(Attribute::from_name(attribute.name()), Some(*attribute));
            assert_eq!(Attribute::from_code(attribute.code()), Some(*attribute));
            assert!(!attribute.name().starts_with("on"), "{attribute:?}");
        }
        for name in [
            "style",
            "src",
            "srcdoc",
            "action",
            "xlink:href",
            "id",
            "name",
        ] {
            assert_eq!(Attribute::from_name(name), None, "{name}");
        }
    }

    #[test]
    fn formulas_have_elements_and_attributes_of_their_own() {
        assert!(Tag::Mi.is_math() && Tag::Math.is_math() && Tag::Munderover.is_math());
        assert!(!Tag::A.is_math() && !Tag::Ul.is_math());
        assert!(Attribute::AltText.is_math() && Attribute::Accent.is_math());
        assert!(!Attribute::Href.is_math() && !Attribute::Class.is_math());
    }
}
