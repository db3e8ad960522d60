//! A writer of TFLite files, with just enough of flatbuffers for constant arrays.

/// A constant array and how it is declared to be stored.
#[derive(Clone, Default)]
pub struct Constant {
    pub name: &'static str,
    /// TFLite's number of the type: 0 float32, 1 float16, 2 int32, 3 uint8, 7 int16, 9 int8, …
    pub kind: u8,
    pub shape: Vec<i32>,
    pub bytes: Vec<u8>,
    pub scales: Vec<f32>,
    pub zeros: Vec<i64>,
    pub axis: i32,
    /// Type of a custom quantization; 0 means none.
    pub custom: u8,
    pub sparse: bool,
    /// Offset of data that follows the flatbuffer; 0 means inside it.
    pub outside: u64,
}

enum Field {
    Absent,
    U8(u8),
    U32(u32),
    U64(u64),
    /// Points to something that is written later.
    Offset,
}

/// A model of one subgraph.
pub fn model(constants: &[Constant]) -> Vec<u8> {
    model_of_version(3, constants)
}

pub fn model_of_version(version: u32, constants: &[Constant]) -> Vec<u8> {
    let mut w = Writer(b"\0\0\0\0TFL3".to_vec());
    let root = w.table(&[Field::U32(version), Field::Absent, Field::Offset, Field::Absent, Field::Offset]);
    w.point(0, root.at);
    let subgraphs = w.offsets(1);
    w.point(root.fields[2], subgraphs);
    let subgraph = w.table(&[Field::Offset]);
    w.point(subgraphs + 4, subgraph.at);
    let tensors = w.offsets(constants.len());
    w.point(subgraph.fields[0], tensors);
    // Buffer 0 is empty by convention.
    let buffers = w.offsets(constants.len() + 1);
    w.point(root.fields[4], buffers);
    let empty = w.table(&[]);
    w.point(buffers + 4, empty.at);
    for (i, constant) in constants.iter().enumerate() {
        let tensor = w.tensor(constant, i as u32 + 1);
        w.point(tensors + 4 + 4 * i, tensor);
        let outside = if constant.outside == 0 { Field::Absent } else { Field::U64(constant.outside) };
        let buffer = w.table(&[Field::Offset, outside]);
        w.point(buffers + 8 + 4 * i, buffer.at);
        let data = w.vector(constant.bytes.len(), &constant.bytes);
        w.point(buffer.fields[0], data);
    }
    w.0
}

/// Position of the field with the buffer's number, for a tensor in a file that [`model`] wrote.
pub fn buffer_field(file: &[u8], tensor: usize) -> usize {
    let word = |at: usize| u32::from_le_bytes(*file[at..].first_chunk().unwrap()) as usize;
    let follow = |at: usize| at + word(at);
    let root = follow(0);
    // The version is before the offset of the subgraphs. A tensor's table starts with shape and type.
    let subgraph = follow(follow(root + 8) + 4);
    let tensors = follow(subgraph + 4);
    follow(tensors + 4 + 4 * tensor) + 4 + 4 + 1
}

struct Written {
    at: usize,
    fields: Vec<usize>,
}

struct Writer(Vec<u8>);

impl Writer {
    fn tensor(&mut self, constant: &Constant, buffer: u32) -> usize {
        let quantised = if constant.scales.is_empty() { Field::Absent } else { Field::Offset };
        let sparse = if constant.sparse { Field::Offset } else { Field::Absent };
        let fields =
            [Field::Offset, Field::U8(constant.kind), Field::U32(buffer), Field::Offset, quantised, Field::Absent, sparse];
        let tensor = self.table(&fields);
        let shape = constant.shape.iter().flat_map(|n| n.to_le_bytes()).collect::<Vec<_>>();
        let shape = self.vector(constant.shape.len(), &shape);
        self.point(tensor.fields[0], shape);
        let name = self.vector(constant.name.len(), constant.name.as_bytes());
        self.point(tensor.fields[3], name);
        if !constant.scales.is_empty() {
            let axis = constant.axis.cast_unsigned();
            let quantisation = self.table(&[
                Field::Absent,
                Field::Absent,
                Field::Offset,
                Field::Offset,
                Field::U8(constant.custom),
                Field::Absent,
                Field::U32(axis),
            ]);
            self.point(tensor.fields[4], quantisation.at);
            let scales = constant.scales.iter().flat_map(|s| s.to_le_bytes()).collect::<Vec<_>>();
            let scales = self.vector(constant.scales.len(), &scales);
            self.point(quantisation.fields[2], scales);
            let zeros = constant.zeros.iter().flat_map(|z| z.to_le_bytes()).collect::<Vec<_>>();
            let zeros = self.vector(constant.zeros.len(), &zeros);
            self.point(quantisation.fields[3], zeros);
        }
        if constant.sparse {
            let sparsity = self.table(&[]);
            self.point(tensor.fields[6], sparsity.at);
        }
        tensor.at
    }

    /// Writes a vtable and its table right after it.
    fn table(&mut self, fields: &[Field]) -> Written {
        let vtable_len = 4 + 2 * fields.len();
        let sizes = fields.iter().map(|f| match f {
            Field::Absent => 0,
            Field::U8(_) => 1,
            Field::U32(_) | Field::Offset => 4,
            Field::U64(_) => 8,
        });
        let sizes: Vec<usize> = sizes.collect();
        let table_len = 4 + sizes.iter().sum::<usize>();
        self.0.extend((vtable_len as u16).to_le_bytes());
        self.0.extend((table_len as u16).to_le_bytes());
        let at = self.0.len() + 2 * fields.len();
        let mut offset = 4;
        let mut places = Vec::new();
        for size in &sizes {
            self.0.extend((if *size == 0 { 0 } else { offset as u16 }).to_le_bytes());
            places.push(at + offset);
            offset += size;
        }
        self.0.extend((vtable_len as i32).to_le_bytes());
        for field in fields {
            match field {
                Field::Absent => {}
                Field::U8(v) => self.0.push(*v),
                Field::U32(v) => self.0.extend(v.to_le_bytes()),
                Field::U64(v) => self.0.extend(v.to_le_bytes()),
                Field::Offset => self.0.extend([0; 4]),
            }
        }
        Written { at, fields: places }
    }

    fn vector(&mut self, count: usize, bytes: &[u8]) -> usize {
        let at = self.0.len();
        self.0.extend((count as u32).to_le_bytes());
        self.0.extend(bytes);
        at
    }

    fn offsets(&mut self, count: usize) -> usize {
        self.vector(count, &vec![0; 4 * count])
    }

    fn point(&mut self, from: usize, to: usize) {
        self.0[from..from + 4].copy_from_slice(&((to - from) as u32).to_le_bytes());
    }
}
