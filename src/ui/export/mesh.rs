//! Triangles: textured ones become pictures, plain ones the outlines of what they cover, colour by colour.

use super::svg::{Drawing, number, paint};
use base64::{Engine, engine::general_purpose::STANDARD};
use egui::epaint::Vertex;
use egui::{Color32, Mesh, Pos2, Rect, TextureId};
use std::collections::{BTreeMap, HashMap};
use std::fmt::Write as _;
use std::io::Cursor;

pub(super) fn draw(drawing: &mut Drawing<'_>, mesh: &Mesh) {
    if !mesh.is_valid() {
        return;
    }
    if mesh.texture_id == TextureId::default() {
        draw_plain(drawing, mesh);
        return;
    }
    for quad in mesh.indices.chunks_exact(6) {
        let corners = quad.iter().map(|index| mesh.vertices[*index as usize]);
        let key = |vertex: &Vertex| vertex.pos.x + vertex.pos.y;
        let first = corners.clone().min_by(|a, b| key(a).total_cmp(&key(b)));
        let last = corners.max_by(|a, b| key(a).total_cmp(&key(b)));
        if let (Some(first), Some(last)) = (first, last) {
            let (rect, uv) = (Rect::from_min_max(first.pos, last.pos), Rect::from_min_max(first.uv, last.uv));
            image(drawing, mesh.texture_id, rect, uv, first.color);
        }
    }
}

/// A part of a texture as a picture within the document. What lies outside the figure is left out.
pub(super) fn image(drawing: &mut Drawing<'_>, texture: TextureId, rect: Rect, uv: Rect, tint: Color32) {
    if !drawing.shows(rect) {
        return;
    }
    let Some(cutting) = drawing.textures.cut(texture, uv, tint) else { return };
    let mut png = Cursor::new(Vec::new());
    if cutting.image.write_to(&mut png, image::ImageFormat::Png).is_err() {
        return;
    }
    let place = drawing.box_attributes(rect);
    // `optimizeSpeed` is the old name of `pixelated`, which some programs know alone.
    let look =
        if cutting.is_smooth { "" } else { r#" image-rendering="optimizeSpeed" style="image-rendering:pixelated""# };
    let _ = write!(
        drawing.body,
        r#"<image{place} preserveAspectRatio="none"{look} href="data:image/png;base64,{}"/>"#,
        STANDARD.encode(png.get_ref())
    );
}

type Triangle = [u32; 3];

/// What fills a triangle.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
enum Fill {
    Solid([u8; 4]),
    /// From one colour to another along a line, in hundredths of a point.
    Gradient([i64; 4], [u8; 4], [u8; 4]),
}

/// The triangles of one fill, in the order in which the first of each was drawn.
#[derive(Default)]
struct Areas {
    places: HashMap<Fill, usize>,
    filled: Vec<(Fill, Vec<Triangle>)>,
    /// Colours with an edge that fades out over a pixel, as everything that is smooth on screen has.
    faded: Vec<[u8; 4]>,
}

impl Areas {
    fn of(mesh: &Mesh, pixel: f32) -> Self {
        let mut areas = Self::default();
        for triangle in mesh.indices.chunks_exact(3) {
            let triangle = [triangle[0], triangle[1], triangle[2]];
            match fill_of(mesh, triangle, pixel) {
                Some(Painted::With(fill)) => areas.add(fill, triangle),
                Some(Painted::Edge(colour)) if !areas.faded.contains(&colour) => areas.faded.push(colour),
                Some(Painted::Edge(_)) | None => {}
            }
        }
        areas
    }

    fn add(&mut self, fill: Fill, triangle: Triangle) {
        let place = *self.places.entry(fill).or_insert(self.filled.len());
        if place == self.filled.len() {
            self.filled.push((fill, Vec::new()));
        }
        self.filled[place].1.push(triangle);
    }
}

enum Painted {
    With(Fill),
    /// The soft edge of an area of this colour.
    Edge([u8; 4]),
}

fn fill_of(mesh: &Mesh, triangle: Triangle, pixel: f32) -> Option<Painted> {
    let [a, b, c] = triangle.map(|index| mesh.vertices[index as usize]);
    // Turned so that the first two are of one colour.
    let [a, b, c] = if a.color == b.color {
        [a, b, c]
    } else if b.color == c.color {
        [b, c, a]
    } else if a.color == c.color {
        [c, a, b]
    } else {
        return Some(Painted::With(Fill::Solid(mean([a.color, b.color, c.color]).to_array())));
    };
    if a.color == c.color {
        return (a.color != Color32::TRANSPARENT).then_some(Painted::With(Fill::Solid(a.color.to_array())));
    }
    // Colour changes at right angles to the line between the two, as far as the third.
    let along = (b.pos - a.pos).normalized();
    let across = (c.pos - a.pos) - along * (c.pos - a.pos).dot(along);
    let other = if a.color == Color32::TRANSPARENT { c.color } else { a.color };
    if across.length() <= 1.5 * pixel && [a.color, c.color].contains(&Color32::TRANSPARENT) {
        return Some(Painted::Edge(other.to_array()));
    }
    // The same line for all triangles of an even change: from the first colour's edge, through the middle of the mesh.
    let start = across.normalized() * a.pos.to_vec2().dot(across.normalized());
    let end = start + across;
    let ends = [start.x, start.y, end.x, end.y].map(|value| (value * 100.0).round() as i64);
    let [x1, y1, x2, y2] = ends;
    let (from, to) = (a.color.to_array(), c.color.to_array());
    let gradient = if from <= to { Fill::Gradient(ends, from, to) } else { Fill::Gradient([x2, y2, x1, y1], to, from) };
    Some(Painted::With(gradient))
}

fn mean(colours: [Color32; 3]) -> Color32 {
    let channel = |index: usize| {
        (colours.iter().map(|colour| u32::from(colour.to_array()[index])).sum::<u32>() / colours.len() as u32) as u8
    };
    Color32::from_rgba_premultiplied(channel(0), channel(1), channel(2), channel(3))
}

fn draw_plain(drawing: &mut Drawing<'_>, mesh: &Mesh) {
    let pixel = 1.0 / drawing.pixels_per_point;
    let areas = Areas::of(mesh, pixel);
    for (fill, triangles) in &areas.filled {
        let mut data = String::new();
        for outline in outlines(mesh, triangles) {
            data.push_str(&drawing.path_data(outline.iter(), true));
        }
        match *fill {
            Fill::Solid(colour) => {
                let is_soft = areas.faded.contains(&colour);
                solid(drawing, &data, colour, is_soft.then_some(pixel));
            }
            Fill::Gradient(ends, from, to) => gradient(drawing, &data, ends, [from, to]),
        }
    }
}

/// A soft edge reaches half a pixel beyond the area: a line around it, one pixel wide, covers as much. Hard edges are
/// hard on screen, too, so that neighbours meet without a gap.
fn solid(drawing: &mut Drawing<'_>, data: &str, colour: [u8; 4], soft: Option<f32>) {
    let [red, green, blue, alpha] = colour;
    let colour = Color32::from_rgba_premultiplied(red, green, blue, alpha);
    let Some(width) = soft else {
        let _ = write!(drawing.body, r#"<path d="{data}"{} shape-rendering="crispEdges"/>"#, paint("fill", colour));
        return;
    };
    // The line lies over the area: both are opaque, and what is seen through is the whole.
    let opaque = colour.to_opaque();
    let opacity = if alpha == 255 { String::new() } else { format!(r#" opacity="{:.3}""#, f32::from(alpha) / 255.0) };
    let _ = write!(
        drawing.body,
        r#"<path d="{data}"{}{} stroke-width="{}" stroke-linejoin="round"{opacity}/>"#,
        paint("fill", opaque),
        paint("stroke", opaque),
        number(width)
    );
}

fn gradient(drawing: &mut Drawing<'_>, data: &str, ends: [i64; 4], colours: [[u8; 4]; 2]) {
    let id = drawing.identity();
    let origin = drawing.origin();
    let [x1, y1, x2, y2] = ends.map(|value| value as f32 / 100.0);
    let [from, to] = [stop(colours[0], colours[1]), stop(colours[1], colours[0])];
    let _ = write!(
        drawing.definitions,
        concat!(
            r#"<linearGradient id="{}" gradientUnits="userSpaceOnUse" x1="{}" y1="{}" x2="{}" y2="{}">"#,
            r#"<stop offset="0"{}/><stop offset="1"{}/></linearGradient>"#
        ),
        id,
        number(x1 - origin.x),
        number(y1 - origin.y),
        number(x2 - origin.x),
        number(y2 - origin.y),
        from,
        to
    );
    let _ = write!(drawing.body, r#"<path d="{data}" fill="url(#{id})" shape-rendering="crispEdges"/>"#);
}

/// One end of a gradient. Where there is nothing it has the hue of the other end, so that only its opacity changes.
fn stop(colour: [u8; 4], other: [u8; 4]) -> String {
    let hue = if colour[3] == 0 { other } else { colour };
    let [red, green, blue, _] =
        Color32::from_rgba_premultiplied(hue[0], hue[1], hue[2], hue[3]).to_srgba_unmultiplied();
    let opacity = f32::from(colour[3]) / 255.0;
    format!(r##" stop-color="#{red:02x}{green:02x}{blue:02x}" stop-opacity="{opacity:.3}""##)
}

/// The outlines of what triangles cover: an edge between two of them is none. All are turned the same way, so that
/// where pieces overlap they add up.
fn outlines(mesh: &Mesh, triangles: &[Triangle]) -> Vec<Vec<Pos2>> {
    let place = |index: u32| mesh.vertices[index as usize].pos;
    let mut edges: BTreeMap<(u32, u32), u32> = BTreeMap::new();
    for &[a, b, c] in triangles {
        let area = (place(b) - place(a)).rot90().dot(place(c) - place(a));
        let [a, b, c] = if area < 0.0 { [a, c, b] } else { [a, b, c] };
        for (from, to) in [(a, b), (b, c), (c, a)] {
            match edges.get_mut(&(to, from)) {
                Some(count) if *count > 1 => *count -= 1,
                Some(_) => {
                    edges.remove(&(to, from));
                }
                None => *edges.entry((from, to)).or_default() += 1,
            }
        }
    }
    let mut next: BTreeMap<u32, Vec<u32>> = BTreeMap::new();
    for ((from, to), count) in edges {
        next.entry(from).or_default().extend(std::iter::repeat_n(to, count as usize));
    }
    let mut outlines = Vec::new();
    while let Some(start) = next.keys().next().copied() {
        let mut outline = Vec::new();
        let mut at = start;
        while let Some(ends) = next.get_mut(&at) {
            outline.push(place(at));
            let end = ends.pop();
            if ends.is_empty() {
                next.remove(&at);
            }
            at = end.unwrap_or(start);
        }
        outlines.push(outline);
    }
    outlines
}

#[cfg(test)]
mod tests {
    use super::*;
    use egui::pos2;

    #[test]
    fn a_strip_of_triangles_has_one_outline() {
        let mut mesh = Mesh::default();
        for x in 0..4 {
            mesh.colored_vertex(pos2(x as f32, 0.0), Color32::RED);
            mesh.colored_vertex(pos2(x as f32, 1.0), Color32::RED);
        }
        let triangles: Vec<Triangle> =
            (0..3).flat_map(|k| [[2 * k, 2 * k + 1, 2 * k + 2], [2 * k + 1, 2 * k + 2, 2 * k + 3]]).collect();
        let found = outlines(&mesh, &triangles);
        assert_eq!(found.len(), 1);
        assert_eq!(found[0].len(), 8, "every corner once");
    }
}
