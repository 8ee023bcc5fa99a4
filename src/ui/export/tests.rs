//! What is written, drawn again and looked at pixel by pixel.

use super::svg::{Frame, document};
use super::textures::Textures;
use super::{png, rasterise};
use crate::ui::theme;
use egui::epaint::textures::TexturesDelta;
use egui::epaint::{ClippedShape, ImageDelta, TextShape};
use egui::{
    Color32, ColorImage, Context, FontId, Mesh, Pos2, RawInput, Rect, Shape, Stroke, StrokeKind, TextureId,
    TextureOptions, pos2, vec2,
};

/// Somewhere on the screen, so that a forgotten origin shows.
const RECT: Rect = Rect { min: pos2(100.0, 50.0), max: pos2(140.0, 70.0) };

fn svg(textures: &Textures, shapes: Vec<Shape>) -> String {
    let clip = Rect::EVERYTHING;
    let shapes: Vec<ClippedShape> = shapes.into_iter().map(|shape| ClippedShape::new(clip, shape)).collect();
    clipped(textures, &shapes)
}

fn clipped(textures: &Textures, shapes: &[ClippedShape]) -> String {
    let frame = Frame { title: "A <figure> & more", rect: RECT, background: Color32::WHITE, pixels_per_point: 1.0 };
    document(&frame, textures, shapes.iter())
}

fn pixels(shapes: Vec<Shape>) -> image::RgbaImage {
    rasterise(&svg(&Textures::default(), shapes), 1.0).unwrap()
}

/// The colour at a place of the screen.
fn at(picture: &image::RgbaImage, x: f32, y: f32) -> [u8; 3] {
    let [red, green, blue, alpha] = picture.get_pixel((x - RECT.min.x) as u32, (y - RECT.min.y) as u32).0;
    assert_eq!(alpha, 255);
    [red, green, blue]
}

const WHITE: [u8; 3] = [255; 3];
const RED: [u8; 3] = [255, 0, 0];
const BLUE: [u8; 3] = [0, 0, 255];

fn shape(rect: Rect, radius: f32, kind: StrokeKind) -> Shape {
    Shape::Rect(egui::epaint::RectShape::new(rect, radius, Color32::RED, Stroke::new(2.0, Color32::BLUE), kind))
}

#[test]
fn a_rectangle_has_its_fill_and_its_stroke_on_the_side_that_was_asked_for() {
    let rect = Rect::from_min_max(pos2(110.0, 55.0), pos2(130.0, 65.0));
    let inside = pixels(vec![shape(rect, 0.0, StrokeKind::Inside)]);
    assert_eq!([at(&inside, 120.0, 60.0), at(&inside, 110.0, 60.0), at(&inside, 109.0, 60.0)], [RED, BLUE, WHITE]);
    let outside = pixels(vec![shape(rect, 0.0, StrokeKind::Outside)]);
    assert_eq!([at(&outside, 110.0, 60.0), at(&outside, 109.0, 60.0), at(&outside, 107.0, 60.0)], [RED, BLUE, WHITE]);
    let round = pixels(vec![shape(rect, 5.0, StrokeKind::Inside)]);
    assert_eq!([at(&round, 110.0, 55.0), at(&round, 120.0, 55.0), at(&round, 129.0, 64.0)], [WHITE, BLUE, WHITE]);
}

#[test]
fn circles_lines_and_polygons_lie_where_they_were_drawn() {
    let picture = pixels(vec![
        Shape::circle_filled(pos2(110.0, 60.0), 5.0, Color32::RED),
        Shape::line_segment([pos2(120.0, 50.0), pos2(120.0, 70.0)], Stroke::new(1.0, Color32::BLUE)),
        Shape::convex_polygon(
            vec![pos2(130.0, 55.0), pos2(138.0, 55.0), pos2(130.0, 65.0)],
            Color32::RED,
            Stroke::NONE,
        ),
    ]);
    assert_eq!([at(&picture, 110.0, 60.0), at(&picture, 110.0, 66.0)], [RED, WHITE]);
    assert_eq!([at(&picture, 120.0, 60.0), at(&picture, 121.0, 60.0), at(&picture, 119.0, 60.0)], [BLUE, WHITE, WHITE]);
    assert_eq!([at(&picture, 132.0, 57.0), at(&picture, 137.0, 63.0)], [RED, WHITE]);
}

#[test]
fn half_a_colour_lets_the_ground_through() {
    let half = Color32::from_rgba_unmultiplied(255, 0, 0, 128);
    let picture = pixels(vec![Shape::rect_filled(RECT, 0.0, half)]);
    let [red, green, blue] = at(&picture, 120.0, 60.0);
    assert!(red == 255 && green.abs_diff(127) <= 1 && blue.abs_diff(127) <= 1, "{red} {green} {blue}");
}

#[test]
fn what_was_cut_off_on_screen_is_cut_off() {
    let left = Rect::from_min_max(RECT.min, pos2(120.0, 70.0));
    let shapes = [ClippedShape::new(left, Shape::rect_filled(RECT, 0.0, Color32::RED))];
    let picture = rasterise(&clipped(&Textures::default(), &shapes), 1.0).unwrap();
    assert_eq!([at(&picture, 119.0, 60.0), at(&picture, 120.0, 60.0)], [RED, WHITE]);
}

#[test]
fn pictures_are_cut_from_their_texture_with_whole_pixels() {
    let id = TextureId::Managed(7);
    let image = ColorImage::new([4, 2], [Color32::RED, Color32::BLUE, Color32::GREEN, Color32::GREEN].repeat(2));
    let mut delta = TexturesDelta::default();
    delta.push(id, ImageDelta::full(image, TextureOptions::NEAREST));
    let mut textures = Textures::default();
    textures.follow(&delta);
    let patch = ColorImage::new([1, 1], vec![Color32::BLACK]);
    delta.clear();
    delta.push(id, ImageDelta::partial([1, 1], patch, TextureOptions::NEAREST));
    textures.follow(&delta);
    delta.clear();
    let (rect, uv) = (RECT, Rect::from_min_max(pos2(0.0, 0.0), pos2(0.5, 1.0)));
    let picture = rasterise(&svg(&textures, vec![Shape::image(id, rect, uv, Color32::WHITE)]), 1.0).unwrap();
    let corners = [(101.0, 51.0), (119.0, 59.0), (120.0, 59.0), (139.0, 60.0), (119.0, 69.0)];
    assert_eq!(corners.map(|(x, y)| at(&picture, x, y)), [RED, RED, BLUE, [0; 3], RED]);
    delta.free(id);
    textures.follow(&delta);
    delta.clear();
    assert!(textures.cut(id, uv, Color32::WHITE).is_none(), "a texture that is freed is forgotten");
}

#[test]
fn a_soft_edge_covers_as_much_as_on_screen() {
    let mut mesh = Mesh::default();
    for x in [100.0, 140.0] {
        for (y, colour) in [(56.5, false), (57.5, true), (62.5, true), (63.5, false)] {
            mesh.colored_vertex(pos2(x, y), if colour { Color32::RED } else { Color32::TRANSPARENT });
        }
    }
    for row in 0..3 {
        mesh.add_triangle(row, row + 1, row + 4);
        mesh.add_triangle(row + 1, row + 4, row + 5);
    }
    let text = svg(&Textures::default(), vec![Shape::mesh(mesh)]);
    assert_eq!(text.matches("<path").count(), 1, "one area");
    let picture = rasterise(&text, 1.0).unwrap();
    let rows = [56.0, 57.0, 60.0, 62.0, 63.0].map(|y| at(&picture, 120.0, y));
    assert_eq!(rows, [WHITE, RED, RED, RED, WHITE]);
}

#[test]
fn colours_that_change_evenly_are_a_gradient() {
    let mut mesh = Mesh::default();
    for (x, colour) in [(100.0, Color32::RED), (140.0, Color32::BLUE)] {
        mesh.colored_vertex(pos2(x, 50.0), colour);
        mesh.colored_vertex(pos2(x, 70.0), colour);
    }
    mesh.add_triangle(0, 1, 2);
    mesh.add_triangle(1, 2, 3);
    let text = svg(&Textures::default(), vec![Shape::mesh(mesh)]);
    assert_eq!(text.matches("<linearGradient").count(), 1, "both triangles share one");
    let picture = rasterise(&text, 1.0).unwrap();
    let [[left, ..], [middle, _, blue], [right, ..]] = [101.0, 120.0, 138.0].map(|x| at(&picture, x, 60.0));
    assert!(left > 240 && right < 15, "{left} {right}");
    assert!(middle.abs_diff(128) < 8 && blue.abs_diff(128) < 8, "{middle} {blue}");
}

/// Lays a text out as the window does.
fn laid_out(text: &str, size: f32, place: Pos2, angle: f32) -> Shape {
    let ctx = Context::default();
    theme::install(&ctx);
    let mut shape = None;
    let mut output = ctx.run_ui(RawInput::default(), |ui| {
        let galley = ui.painter().layout_no_wrap(text.to_owned(), FontId::proportional(size), Color32::RED);
        shape = Some(Shape::Text(TextShape::new(place, galley, Color32::RED).with_angle(angle)));
    });
    output.textures_delta.clear();
    shape.unwrap()
}

fn inked(picture: &image::RgbaImage) -> Option<Rect> {
    let places = picture.enumerate_pixels().filter(|(_, _, pixel)| pixel.0[1] < 128);
    places.map(|(x, y, _)| Rect::from_min_size(pos2(x as f32, y as f32), vec2(1.0, 1.0))).reduce(Rect::union)
}

#[test]
fn letters_become_outlines_in_their_place_and_words_stay_readable() {
    let shape = laid_out("HH & H", 12.0, pos2(102.0, 52.0), 0.0);
    let bounds = shape.visual_bounding_rect().translate(-RECT.min.to_vec2());
    let text = svg(&Textures::default(), vec![shape]);
    assert!(text.contains(r#"aria-label="HH &amp; H""#) && text.contains("<title>A &lt;figure&gt; &amp; more</title>"));
    assert_eq!(text.matches("<path id=").count(), 2, "each letter once");
    assert_eq!(text.matches("<use").count(), 4, "blanks are not drawn");
    let ink = inked(&rasterise(&text, 1.0).unwrap()).expect("something is drawn");
    assert!(bounds.expand(1.0).contains_rect(ink), "{ink} lies outside {bounds}");
    assert!(ink.height() > 7.0 && ink.width() > 0.8 * bounds.width(), "{ink}");
}

#[test]
fn turned_text_and_icons_are_drawn() {
    let shape = laid_out("HHH", 12.0, pos2(125.0, 52.0), std::f32::consts::FRAC_PI_2);
    let ink = inked(&pixels(vec![shape])).expect("something is drawn");
    assert!(ink.height() > ink.width() && ink.max.x <= 26.0, "{ink}");
    let icon = laid_out(theme::icon::PLAY, 16.0, pos2(102.0, 51.0), 0.0);
    assert!(inked(&pixels(vec![icon])).is_some());
}

#[test]
fn a_png_has_as_many_pixels_as_was_asked_for() {
    let svg = svg(&Textures::default(), vec![Shape::circle_filled(RECT.center(), 5.0, Color32::RED)]);
    for scale in super::SCALES {
        let picture = image::load_from_memory(&png(&svg, f32::from(scale)).unwrap()).unwrap();
        let scale = u32::from(scale);
        assert_eq!((picture.width(), picture.height()), (40 * scale, 20 * scale));
    }
    assert!(png(&svg, 10_000.0).is_err_and(|reason| reason.contains("too large")));
}
