import Testing

@testable import amos_init

@Suite struct MountTableTests {
    /// As fs/seq_file.c writes what would break a line into fields.
    @Test(arguments: [
        ("/data", "/data"), (#"/data/my\040folder"#, "/data/my folder"),
        (#"/a\011b\012c\134d"#, "/a\tb\nc\\d"), (#"/end\"#, #"/end\"#), (#"/end\04"#, #"/end\04"#),
        (#"/no\890"#, #"/no\890"#), (#"\134040"#, #"\040"#),
    ]) func decodesWhatTheKernelEscapes(text: String, path: String) {
        let bytes = MountTable.unescaped(ArraySlice(Array(text.utf8)))
        #expect(String(decoding: bytes, as: UTF8.self) == path)
    }
}
