//! Painted shapes as an SVG document that looks as they do on screen.
//!
//! Straight edges are put on whole pixels as on screen, text becomes outlines ([`super::text`]), meshes polygons or
//! pictures ([`super::mesh`]). The blurred rectangles under popups are left out.

use super::glyphs::Outlines;
use super::textures::Textures;
use super::{mesh, text};
use egui::emath::{GuiRounding, Rot2, TSTransform};
use egui::epaint::{
    BandShape, CircleShape, ClippedShape, ColorMode, CornerRadiusF32, CubicBezierShape, EllipseShape, PathShape,
    PathStroke, QuadraticBezierShape, RectShape,
};
use egui::{Color32, Pos2, Rect, Shape, Stroke, StrokeKind, pos2};
use std::fmt::{self, Display, Write as _};

/// The part of the screen that becomes a document.
pub(super) struct Frame<'a> {
    pub title: &'a str,
    pub rect: Rect,
    pub background: Color32,
    pub pixels_per_point: f32,
}

/// The document; its unit is the point of the screen.
pub(super) fn document<'a>(
    frame: &Frame<'_>,
    textures: &Textures,
    shapes: impl Iterator<Item = &'a ClippedShape>,
) -> String {
    let mut drawing = Drawing {
        rect: frame.rect,
        pixels_per_point: frame.pixels_per_point,
        textures,
        outlines: Outlines::default(),
        definitions: String::new(),
        body: String::new(),
        clip: None,
        identities: 0,
    };
    for shape in shapes {
        drawing.clipped(shape);
    }
    drawing.set_clip(None);
    let (width, height) = (number(frame.rect.width()), number(frame.rect.height()));
    format!(
        concat!(
            r#"<svg xmlns="http://www.w3.org/2000/svg" width="{}" height="{}" viewBox="0 0 {} {}">"#,
            "<title>{}</title><defs>{}{}</defs>\n",
            r#"<rect width="100%" height="100%"{}/>"#,
            "{}\n</svg>\n"
        ),
        width,
        height,
        width,
        height,
        escape(frame.title),
        drawing.outlines.definitions,
        drawing.definitions,
        paint("fill", frame.background),
        drawing.body
    )
}

/// A document under way. Positions are of the screen until they are written.
pub(super) struct Drawing<'a> {
    rect: Rect,
    pub pixels_per_point: f32,
    pub textures: &'a Textures,
    pub outlines: Outlines,
    pub definitions: String,
    pub body: String,
    /// Of the group that is open.
    clip: Option<Rect>,
    identities: usize,
}

impl Drawing<'_> {
    /// The corner of the screen that becomes zero.
    pub fn origin(&self) -> egui::Vec2 {
        self.rect.min.to_vec2()
    }

    /// Whether any of it lies within the figure.
    pub fn shows(&self, rect: Rect) -> bool {
        rect.intersects(self.clip.unwrap_or(self.rect))
    }

    /// A name for a definition.
    pub fn identity(&mut self) -> String {
        self.identities += 1;
        format!("d{}", self.identities)
    }

    fn clipped(&mut self, clipped: &ClippedShape) {
        let transform = clipped.transform_after_tessellation;
        let bounds = transform.mul_rect(clipped.shape.visual_bounding_rect());
        let clip = clipped.clip_rect.round_to_pixels(self.pixels_per_point);
        let visible = clip.intersect(self.rect);
        if !bounds.intersects(visible) {
            return;
        }
        // Most shapes lie within their clip, and need none.
        let is_cut = !clip.contains_rect(bounds.intersect(self.rect));
        self.set_clip(is_cut.then_some(visible));
        if transform == TSTransform::IDENTITY {
            self.shape(&clipped.shape);
        } else {
            let (scale, shift) = (transform.scaling, transform.translation);
            let shift = shift + (scale - 1.0) * self.origin();
            let _ = write!(
                self.body,
                r#"<g transform="translate({} {}) scale({})">"#,
                number(shift.x),
                number(shift.y),
                number(scale)
            );
            self.shape(&clipped.shape);
            self.body.push_str("</g>");
        }
    }

    fn set_clip(&mut self, clip: Option<Rect>) {
        if self.clip == clip {
            return;
        }
        if self.clip.is_some() {
            self.body.push_str("</g>");
        }
        self.clip = clip;
        if let Some(rect) = clip {
            let (id, place) = (self.identity(), self.box_attributes(rect));
            let _ = write!(self.definitions, r#"<clipPath id="{id}"><rect{place}/></clipPath>"#);
            let _ = write!(self.body, r#"<g clip-path="url(#{id})">"#);
        }
    }

    fn shape(&mut self, shape: &Shape) {
        match shape {
            Shape::Noop | Shape::Callback(_) => {}
            Shape::Vec(shapes) => shapes.iter().for_each(|shape| self.shape(shape)),
            Shape::Circle(circle) => self.circle(circle),
            Shape::Ellipse(ellipse) => self.ellipse(ellipse),
            Shape::LineSegment { points, stroke } => self.line(self.on_pixels(*points, *stroke), *stroke),
            Shape::Path(path) => self.path(path),
            Shape::Band(band) => self.band(band),
            Shape::Rect(rect) => self.rectangle(rect),
            Shape::Text(shape) => text::draw(self, shape),
            Shape::Mesh(shape) => mesh::draw(self, shape),
            Shape::QuadraticBezier(curve) => self.quadratic(curve),
            Shape::CubicBezier(curve) => self.cubic(curve),
        }
    }

    /// An element that is filled and stroked, unless neither can be seen.
    fn element(&mut self, name: &str, attributes: &str, fill: Color32, stroke: Stroke) {
        if fill != Color32::TRANSPARENT || !stroke.is_empty() {
            let _ = write!(self.body, "<{name}{attributes}{}{}/>", paint("fill", fill), stroked(stroke));
        }
    }

    pub fn line(&mut self, [a, b]: [Pos2; 2], stroke: Stroke) {
        if !stroke.is_empty() {
            let data = self.path_data([a, b].iter(), false);
            let _ = write!(self.body, r#"<path d="{data}"{}/>"#, stroked(stroke));
        }
    }

    /// Upright and level lines are crisp on screen: their middle lies on whole pixels, or between two.
    fn on_pixels(&self, mut points: [Pos2; 2], stroke: Stroke) -> [Pos2; 2] {
        let [a, b] = &mut points;
        if a.x == b.x {
            stroke.round_center_to_pixel(self.pixels_per_point, &mut a.x);
            b.x = a.x;
        } else if a.y == b.y {
            stroke.round_center_to_pixel(self.pixels_per_point, &mut a.y);
            b.y = a.y;
        }
        points
    }

    fn circle(&mut self, circle: &CircleShape) {
        let centre = circle.center - self.origin();
        let place = format!(r#" cx="{}" cy="{}" r="{}""#, number(centre.x), number(centre.y), number(circle.radius));
        self.element("circle", &place, circle.fill, circle.stroke);
    }

    fn ellipse(&mut self, ellipse: &EllipseShape) {
        let centre = ellipse.center - self.origin();
        let (x, y) = (number(centre.x), number(centre.y));
        let mut place =
            format!(r#" cx="{x}" cy="{y}" rx="{}" ry="{}""#, number(ellipse.radius.x), number(ellipse.radius.y));
        place.push_str(&turned(ellipse.angle, centre));
        self.element("ellipse", &place, ellipse.fill, ellipse.stroke);
    }

    fn path(&mut self, path: &PathShape) {
        let data = self.path_data(path.points.iter(), path.closed);
        self.element("path", &format!(r#" d="{data}""#), path.fill, plain(&path.stroke, &path.points));
    }

    fn band(&mut self, band: &BandShape) {
        let turn = Rot2::from_angle(band.angle);
        let upper = band.points.iter().map(|point| pos2(point.x, point.y.min));
        let lower = band.points.iter().rev().map(|point| pos2(point.x, point.y.max));
        let outline: Vec<Pos2> = upper.chain(lower).map(|point| (turn * point.to_vec2()).to_pos2()).collect();
        let data = self.path_data(outline.iter(), true);
        self.element("path", &format!(r#" d="{data}""#), band.fill, band.stroke);
    }

    fn quadratic(&mut self, curve: &QuadraticBezierShape) {
        let [a, b, c] = curve.points.map(|point| self.place(point));
        let end = if curve.closed { "Z" } else { "" };
        let data = format!(r#" d="M{a}Q{b} {c}{end}""#);
        self.element("path", &data, curve.fill, plain(&curve.stroke, &curve.points));
    }

    fn cubic(&mut self, curve: &CubicBezierShape) {
        let [a, b, c, d] = curve.points.map(|point| self.place(point));
        let end = if curve.closed { "Z" } else { "" };
        let data = format!(r#" d="M{a}C{b} {c} {d}{end}""#);
        self.element("path", &data, curve.fill, plain(&curve.stroke, &curve.points));
    }

    fn rectangle(&mut self, shape: &RectShape) {
        if let Some(brush) = &shape.brush {
            mesh::image(self, brush.fill_texture_id, shape.rect, brush.uv, shape.fill);
        }
        let fill = if shape.brush.is_some() { Color32::TRANSPARENT } else { shape.fill };
        if shape.blur_width > 0.0 {
            return;
        }
        let mut rect = shape.rect;
        if shape.round_to_pixels.unwrap_or(true) {
            rect = rect.round_to_pixels(self.pixels_per_point);
        }
        if rect.width() <= 0.0 || rect.height() <= 0.0 {
            // Thinner than a pixel: drawn as thin as it is.
            rect = shape.rect;
        }
        let turn = turned(shape.angle, rect.center() - self.origin());
        let mut corners = CornerRadiusF32::from(shape.corner_radius);
        let filled = self.rounded(rect, corners);
        self.element("path", &format!("{filled}{turn}"), fill, Stroke::NONE);
        let half = shape.stroke.width / 2.0;
        let outwards = match shape.stroke_kind {
            StrokeKind::Inside => -half,
            StrokeKind::Middle => 0.0,
            StrokeKind::Outside => half,
        };
        corners += outwards;
        let outline = self.rounded(rect.expand(outwards), corners);
        self.element("path", &format!("{outline}{turn}"), Color32::TRANSPARENT, shape.stroke);
    }

    /// A rectangle as path data, each corner with its own radius.
    fn rounded(&self, rect: Rect, radius: CornerRadiusF32) -> String {
        let most = rect.size().min_elem() / 2.0;
        let [nw, ne, se, sw] =
            [radius.nw, radius.ne, radius.se, radius.sw].map(|radius| radius.clamp(0.0, most.max(0.0)));
        let Rect { min, max } = rect.translate(-self.origin());
        if nw + ne + se + sw == 0.0 {
            return format!(
                r#" d="M{} {}H{}V{}H{}Z""#,
                number(min.x),
                number(min.y),
                number(max.x),
                number(max.y),
                number(min.x)
            );
        }
        let arc =
            |radius: f32, x: f32, y: f32| format!("A{r} {r} 0 0 1 {} {}", number(x), number(y), r = number(radius));
        format!(
            r#" d="M{} {}H{}{}V{}{}H{}{}V{}{}Z""#,
            number(min.x + nw),
            number(min.y),
            number(max.x - ne),
            arc(ne, max.x, min.y + ne),
            number(max.y - se),
            arc(se, max.x - se, max.y),
            number(min.x + sw),
            arc(sw, min.x, max.y - sw),
            number(min.y + nw),
            arc(nw, min.x + nw, min.y)
        )
    }

    /// `x`, `y`, `width` and `height`.
    pub fn box_attributes(&self, rect: Rect) -> String {
        let Rect { min, .. } = rect.translate(-self.origin());
        format!(
            r#" x="{}" y="{}" width="{}" height="{}""#,
            number(min.x),
            number(min.y),
            number(rect.width()),
            number(rect.height())
        )
    }

    fn place(&self, point: Pos2) -> String {
        let point = point - self.origin();
        format!("{} {}", number(point.x), number(point.y))
    }

    pub fn path_data<'p>(&self, points: impl Iterator<Item = &'p Pos2>, closed: bool) -> String {
        let mut data = String::new();
        for (position, point) in points.enumerate() {
            let command = if position == 0 { 'M' } else { 'L' };
            let _ = write!(data, "{command}{}", self.place(*point));
        }
        if closed {
            data.push('Z');
        }
        data
    }
}

fn turned(angle: f32, centre: Pos2) -> String {
    if angle == 0.0 {
        return String::new();
    }
    format!(r#" transform="rotate({} {} {})""#, number(angle.to_degrees()), number(centre.x), number(centre.y))
}

/// The colour of a path that is coloured by place is that of its middle.
fn plain(stroke: &PathStroke, points: &[Pos2]) -> Stroke {
    let colour = match &stroke.color {
        ColorMode::Solid(colour) => *colour,
        ColorMode::UV(at) => {
            points.get(points.len() / 2).map_or(Color32::TRANSPARENT, |middle| at(Rect::from_points(points), *middle))
        }
    };
    Stroke::new(stroke.width, colour)
}

fn stroked(stroke: Stroke) -> String {
    if stroke.is_empty() {
        return String::new();
    }
    let ink = paint("stroke", stroke.color);
    format!(r#"{ink} stroke-width="{}" stroke-linejoin="round""#, number(stroke.width))
}

/// An attribute for a colour, with its opacity where that is not whole. Only `fill` has to be told that there is none.
pub(super) fn paint(attribute: &str, colour: Color32) -> String {
    let [red, green, blue, alpha] = colour.to_srgba_unmultiplied();
    match alpha {
        0 => format!(r#" {attribute}="none""#),
        255 => format!(r##" {attribute}="#{red:02x}{green:02x}{blue:02x}""##),
        _ => format!(
            r##" {attribute}="#{red:02x}{green:02x}{blue:02x}" {attribute}-opacity="{:.3}""##,
            f32::from(alpha) / 255.0
        ),
    }
}

/// A hundredth of a point is finer than anybody sees.
pub(super) fn number(value: f32) -> impl Display {
    struct Number(f32);
    impl Display for Number {
        fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
            // The sum takes the sign from a zero.
            let rounded = if self.0.is_finite() { (self.0 * 100.0).round() / 100.0 + 0.0 } else { 0.0 };
            write!(f, "{rounded}")
        }
    }
    Number(value)
}

/// Text for a place between tags or quotes. What XML does not allow is dropped.
pub(super) fn escape(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for letter in text.chars() {
        match letter {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '"' => out.push_str("&quot;"),
            '\n' | '\t' => out.push(' '),
            // Icons are letters of a private plane: they say nothing without their font.
            '\u{e000}'..='\u{f8ff}' | '\u{f0000}'.. => {}
            _ if letter.is_control() => {}
            _ => out.push(letter),
        }
    }
    out
}
