//! XMP packets: updated, with the settings that the picture was made with.
//!
//! XMP is RDF in XML (ISO 16684-1). It is copied event by event. Properties that are wrong for a new picture are left
//! out, and one description with ours is inserted before the end.

use quick_xml::NsReader;
use quick_xml::XmlVersion;
use quick_xml::escape::escape;
use quick_xml::events::{BytesStart, BytesText, Event};
use quick_xml::name::{QName, ResolveResult};
use quick_xml::writer::Writer;

use super::Facts;

/// The namespace of Impasto's properties.
const IMPASTO: &str = "https://impasto-rs.github.io/ns/1.0/";
const RDF: &str = "http://www.w3.org/1999/02/22-rdf-syntax-ns#";
const XMP: &str = "http://ns.adobe.com/xap/1.0/";
const TIFF: &str = "http://ns.adobe.com/tiff/1.0/";
const EXIF: &str = "http://ns.adobe.com/exif/1.0/";
const PHOTOSHOP: &str = "http://ns.adobe.com/photoshop/1.0/";
/// What Photoshop says about the file's colors.
const COLOURS: [&str; 2] = ["ICCProfile", "ColorMode"];
/// Our property.
const SETTINGS: &str = "Settings";

/// Namespaces that are removed completely: they describe gain maps, depth maps, motion photos and other parts that only
/// the old file had.
const NOT_KEPT: [&str; 7] = [
    IMPASTO,
    "http://ns.adobe.com/hdr-gain-map/1.0/",
    "http://ns.adobe.com/xmp/note/",
    "http://ns.google.com/photos/1.0/camera/",
    "http://ns.google.com/photos/1.0/container/",
    "http://ns.google.com/photos/1.0/depthmap/",
    "http://ns.google.com/photos/1.0/image/",
];
/// Properties that are removed: pixels have been turned upright, the file itself states its sizes, and thumbnails show
/// the old picture.
const UNTRUE: [(&str, &str); 8] = [
    (TIFF, "Orientation"),
    (TIFF, "ImageWidth"),
    (TIFF, "ImageLength"),
    (TIFF, "XResolution"),
    (TIFF, "YResolution"),
    (TIFF, "ResolutionUnit"),
    (EXIF, "PixelXDimension"),
    (EXIF, "PixelYDimension"),
];
/// Namespaces of regions, such as faces, whose places are those before a picture was turned upright.
const REGIONS: [&str; 2] = ["http://www.metadataworkinggroup.com/schemas/regions/", "http://ns.microsoft.com/photo/1.2/"];
const THUMBNAILS: &str = "Thumbnails";
const CREATOR_TOOL: &str = "CreatorTool";

/// The start and end of a packet, with the ids and marks of ISO 16684-1, 7.3.2.
const HEAD: &str = "<?xpacket begin=\"\u{FEFF}\" id=\"W5M0MpCehiHzreSzNTczkc9d\"?>\n<x:xmpmeta xmlns:x=\"adobe:ns:meta/\">\n \
     <rdf:RDF xmlns:rdf=\"http://www.w3.org/1999/02/22-rdf-syntax-ns#\">";
const TAIL: &str = "\n </rdf:RDF>\n</x:xmpmeta>\n<?xpacket end=\"w\"?>";

/// Returns a packet for a new picture, based on the old one if there is any. `None` if there is nothing to record.
pub(super) fn updated(old: Option<&[u8]>, facts: &Facts<'_>) -> Result<Option<Vec<u8>>, String> {
    match (old, facts.settings) {
        (None, None) => Ok(None),
        (None, Some(_)) => Ok(Some(format!("{HEAD}{}{TAIL}", description(facts)).into_bytes())),
        (Some(old), _) => rewritten(old, facts).map(Some),
    }
}

/// Returns the settings recorded in a packet.
pub(super) fn settings(packet: &[u8]) -> Option<String> {
    let mut reader = NsReader::from_str(std::str::from_utf8(packet).ok()?);
    // The text of the property, if it is an element.
    let mut inside: Option<String> = None;
    loop {
        let event = reader.read_event().ok()?;
        match (&event, &mut inside) {
            (Event::Start(start) | Event::Empty(start), _) => {
                if matches!(event, Event::Start(_)) && is(&reader, start.name(), true, IMPASTO, SETTINGS) {
                    inside = Some(String::new());
                }
                for attribute in start.attributes() {
                    let attribute = attribute.ok()?;
                    if is(&reader, attribute.key, false, IMPASTO, SETTINGS) {
                        return Some(attribute.normalized_value(XmlVersion::Explicit1_0).ok()?.into_owned());
                    }
                }
            }
            (Event::Text(text), Some(value)) => value.push_str(&text.xml10_content()),
            (Event::CData(text), Some(value)) => value.push_str(&text.xml10_content()),
            (Event::GeneralRef(entity), Some(value)) => match entity.resolve_char_ref().ok()? {
                Some(c) => value.push(c),
                None => value.push_str(quick_xml::escape::resolve_xml_entity(&entity.xml10_content())?),
            },
            (Event::End(_), Some(value)) => return Some(std::mem::take(value)),
            (Event::Eof, _) => return None,
            _ => {}
        }
    }
}

/// Returns the description that is added.
fn description(facts: &Facts<'_>) -> String {
    let Some(settings) = facts.settings else { return String::new() };
    let software = facts.software.unwrap_or("Impasto");
    format!(
        "\n  <rdf:Description rdf:about=\"\" xmlns:rdf=\"{RDF}\" xmlns:xmp=\"{XMP}\" xmlns:impasto=\"{IMPASTO}\">\n   \
         <xmp:CreatorTool>{}</xmp:CreatorTool>\n   <impasto:{SETTINGS}>{}</impasto:{SETTINGS}>\n  </rdf:Description>",
        escape(software),
        escape(settings)
    )
}

fn rewritten(old: &[u8], facts: &Facts<'_>) -> Result<Vec<u8>, String> {
    let text = std::str::from_utf8(old).map_err(|_| "it is not UTF-8")?;
    // Padding, for editors that write in place.
    let text = text.trim_matches(|c: char| c.is_whitespace() || c == '\0' || c == '\u{FEFF}');
    let mut reader = NsReader::from_str(text);
    let mut writer = Writer::new(Vec::with_capacity(text.len()));
    let (mut depth, mut added) = (0usize, false);
    loop {
        let event = match reader.read_event().map_err(|e| e.to_string())? {
            Event::Eof => break,
            Event::DocType(_) => return Err("it has a document type".into()),
            Event::Start(start) if untrue(&reader, start.name(), true, facts) => {
                reader.read_to_end(start.name()).map_err(|e| e.to_string())?;
                continue;
            }
            Event::Empty(start) if untrue(&reader, start.name(), true, facts) => continue,
            Event::Start(start) => {
                depth += 1;
                Event::Start(cleaned(&reader, &start, facts)?)
            }
            Event::Empty(start) => Event::Empty(cleaned(&reader, &start, facts)?),
            Event::End(end) => {
                depth = depth.saturating_sub(1);
                if !added && is(&reader, end.name(), true, RDF, "RDF") {
                    writer.get_mut().extend(description(facts).as_bytes());
                    added = true;
                }
                Event::End(end)
            }
            // Padding before the end mark.
            Event::Text(text) if depth == 0 && text.trim().is_empty() => Event::Text(BytesText::new("\n")),
            event => event,
        };
        writer.write_event(event).map_err(|e| e.to_string())?;
    }
    if !added || depth > 0 {
        return Err("it is cut off, or not RDF".into());
    }
    Ok(writer.into_inner())
}

/// Returns an element without the attributes that no longer apply.
fn cleaned<'a>(reader: &NsReader<&[u8]>, start: &BytesStart<'a>, facts: &Facts<'_>) -> Result<BytesStart<'a>, String> {
    let attributes = start.attributes().collect::<Result<Vec<_>, _>>().map_err(|e| e.to_string())?;
    if !attributes.iter().any(|attribute| untrue(reader, attribute.key, false, facts)) {
        return Ok(start.to_owned());
    }
    let mut kept = start.to_owned();
    kept.clear_attributes();
    let others = attributes.into_iter().filter(|attribute| !untrue(reader, attribute.key, false, facts));
    // They are written between double quotes, whatever quotes they had.
    kept.extend_attributes(others.map(|mut attribute| {
        if attribute.value.contains('"') {
            attribute.value = attribute.value.replace('"', "&quot;").into();
        }
        attribute
    }));
    Ok(kept)
}

fn untrue(reader: &NsReader<&[u8]>, name: QName<'_>, element: bool, facts: &Facts<'_>) -> bool {
    let (Some(namespace), local) = resolve(reader, name, element) else { return false };
    NOT_KEPT.contains(&namespace)
        || UNTRUE.contains(&(namespace, local))
        || facts.turned && REGIONS.contains(&namespace)
        || namespace == PHOTOSHOP && facts.srgb && COLOURS.contains(&local)
        || namespace == XMP && (local == THUMBNAILS || local == CREATOR_TOOL && facts.settings.is_some())
}

fn is(reader: &NsReader<&[u8]>, name: QName<'_>, element: bool, namespace: &str, local: &str) -> bool {
    resolve(reader, name, element) == (Some(namespace), local)
}

/// Returns a name's namespace, if any, and its local name.
fn resolve<'a>(reader: &'a NsReader<&[u8]>, name: QName<'a>, element: bool) -> (Option<&'a str>, &'a str) {
    let resolver = reader.resolver();
    let (namespace, local) = if element { resolver.resolve_element(name) } else { resolver.resolve_attribute(name) };
    let namespace = match namespace {
        ResolveResult::Bound(namespace) => Some(namespace.into_inner()),
        _ => None,
    };
    (namespace, local.into_inner())
}
