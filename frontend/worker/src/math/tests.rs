//! Formulas as models write them, and as nobody should.

use super::*;

/// MathML as text, with classes and attributes.
fn written(node: &Node) -> String {
    match node {
        Node::Text(text) => text.clone(),
        Node::Element(element) => {
            let attributes: String = element
                .attributes
                .iter()
                .filter(|(name, _)| *name != Attribute::AltText)
                .map(|(name, value)| format!(" {}={value}", name.name()))
                .collect();
            let content: String = element.children.iter().map(written).collect();
            let name = element.tag.name();
            format!("<{name}{attributes}>{content}</{name}>")
        }
    }
}

fn mathml(latex: &str) -> Option<String> {
    Some(written(&render(latex, false)?.into()))
}

#[test]
fn formulas_are_mathml() {
    assert_eq!(
        mathml(r"\frac{a}{b} < x_1").as_deref(),
        Some(
            "<math><mfrac><mi>a</mi><mi>b</mi></mfrac><mo><</mo><msub><mi>x</mi><mn>1</mn></msub></math>"
        )
    );
    let display = render("x", true).expect("a formula");
    assert_eq!(display.attribute(Attribute::Display), Some("block"));
    assert_eq!(display.attribute(Attribute::AltText), Some("x"));
}

#[test]
fn what_models_write_is_understood() {
    for latex in [
        r"\begin{aligned} a &= b \\ &= \text{if } c\end{aligned}",
        r"\begin{pmatrix}1&2\\3&4\end{pmatrix}",
        r"f(x) = \begin{cases}a & x<0\\b & \text{otherwise}\end{cases}",
        r"\boxed{x = 42}",
        r"\sum_{i=0}^n \left( \sqrt[3]{x} \right) \cdot \int_0^\infty e^{-x^2}\,dx = \frac{\sqrt{\pi}}{2}",
        r"\hat{y} = \operatorname{softmax}(W\mathbf{x} + \vec{b}) \quad \forall x \in \mathbb{R}^n",
        r"\underbrace{a + b}_{n} \implies \lim_{x \to 0} \frac{\sin x}{x} = 1",
        r"\nabla \times \vec{E} = -\frac{\partial \vec{B}}{\partial t}",
        r"P(A \mid B) = \frac{P(B \mid A)\,P(A)}{P(B)}",
        r"\begin{bmatrix} \cos\theta & -\sin\theta \\ \sin\theta & \cos\theta \end{bmatrix}",
        r"\textcolor{red}{x} \xrightarrow{f} \overline{xy} \binom{n}{k} \lfloor x \rfloor \cancel{y}",
        r"\begin{align} a &= b \tag{1} \end{align}",
        r"O(n \log n) \approx 10^{-3} \pm 5\%",
        r"\left\{ x \;\middle|\; x > 0 \right\} \dots \ldots \cdots \ell \hbar \dagger",
        r"\mathcal{L}(\theta) = -\mathbb{E}_{x \sim p}\big[\log q_\theta(x)\big]",
    ] {
        assert!(render(latex, true).is_some(), "{latex}");
    }
}

#[test]
fn layout_is_by_class() {
    let aligned = mathml(r"\begin{aligned}a&=b\end{aligned}").expect("a formula");
    assert!(
        aligned.contains("ph-math__end ph-math__joined-end"),
        "{aligned}"
    );
    let boxed = mathml(r"\boxed{1}").expect("a formula");
    let content = "<mrow class=ph-math__box><mn>1</mn></mrow>";
    assert_eq!(boxed, format!("<math>{content}</math>"));
    let table = mathml(r"\begin{array}{|c|}\hline 1 \\ 2\end{array}").expect("a formula");
    assert!(
        table.contains("ph-math__line-start ph-math__line-top"),
        "{table}"
    );
}

#[test]
fn nothing_hostile_comes_out() {
    for latex in [
        r"\href{javascript:alert(1)}{x}",
        r"\url{javascript:alert(1)}",
        r"\text{\href{javascript:alert(1)}{x}}",
        r"\htmlStyle{color:red}{x}",
        r"\class{a}{x}",
        r"\style{position:fixed}{x}",
        r"\includegraphics{https://example.com/a.png}",
        r"\text{<script>alert(1)</script>}",
        r"\text{<img src=x onerror=alert(1)>}",
        r"\color{red}{x}",
        r"\begin{array}{c}\end{array}<a href='javascript:1'>",
        r"\unicode{x3c}",
        r"\eqref{javascript:alert(1)}",
    ] {
        let Some(math) = render(latex, false) else {
            continue;
        };
        let mut open = vec![&math];
        while let Some(element) = open.pop() {
            assert!(element.tag.is_math(), "{latex}");
            for (name, value) in &element.attributes {
                let layout = *name == Attribute::Class && value.starts_with("ph-math__");
                assert!(name.is_math() || layout, "{latex}: {name:?}={value}");
            }
            open.extend(element.children.iter().filter_map(|child| match child {
                Node::Element(element) => Some(element),
                Node::Text(_) => None,
            }));
        }
    }
}

#[test]
fn what_cannot_be_read_is_refused() {
    for latex in [
        r"\frac{a",
        r"\nosuchcommand",
        "{",
        "}",
        r"\begin{foo}",
        "a & b \\\\",
        r"\left(",
    ] {
        assert_eq!(mathml(latex), None, "{latex}");
    }
}

#[test]
fn nesting_and_length_are_bounded() {
    for (piece, closing) in [
        ("{", "}"),
        ("\\sqrt", ""),
        ("\\sqrt{", "}"),
        ("\\sqrt[", "]x"),
        ("x^{", "}"),
        ("x_", ""),
        ("\\frac{", "}{}"),
        ("\\left(", "\\right)"),
        ("\\text{", "}"),
        ("\\boxed{", "}"),
        ("\\begin{matrix}", "\\end{matrix}"),
        ("\\hat", ""),
    ] {
        let nested = |depth: usize| format!("{}x{}", piece.repeat(depth), closing.repeat(depth));
        assert_eq!(mathml(&nested(MAX_BYTES / 30)), None, "{piece}");
        // Whether it means anything is not asked, only that it ends.
        let _ = mathml(&nested(MAX_NESTING - 2));
    }
    assert_eq!(mathml(&"x".repeat(MAX_BYTES + 1)), None);
}

#[test]
fn a_long_formula_is_not_a_deep_one() {
    let sum = r"\frac{a_{1}}{\sqrt{b^{2}}} + \left[ \alpha\beta\gamma \right] + ".repeat(30) + "x";
    assert!(render(&sum, true).is_some());
}
