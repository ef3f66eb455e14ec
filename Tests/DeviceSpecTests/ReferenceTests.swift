import DeviceSpec
import Foundation
import Testing

/// One after the other: both tables may stand in one file.
@Suite(.serialized) struct ReferenceTests {
    static let file = Fixture.projectRoot + "/Sources/Host/amos/Amos.docc/DeviceFile.md"

    /// The tables in the reference are those of the reader; `AMOS_RECORD=1` writes them anew.
    @Test(arguments: DeviceSchema.Document.allCases)
    func tablesAreTheReadersOwn(document: DeviceSchema.Document) throws {
        let text = try String(contentsOfFile: Self.file, encoding: .utf8)
        let start = try #require(text.range(of: "<!-- \(document.rawValue) keys -->\n"))
        let end = try #require(text.range(of: "<!-- end -->", range: start.upperBound..<text.endIndex))
        let table = KeyReference.markdown(for: document)
        if ProcessInfo.processInfo.environment["AMOS_RECORD"] != nil {
            let new = text.replacingCharacters(in: start.upperBound..<end.lowerBound, with: table)
            try Data(new.utf8).write(to: URL(fileURLWithPath: Self.file))
            return
        }
        #expect(text[start.upperBound..<end.lowerBound] == table)
    }

    /// Every whole example in the reference is read by the reader itself.
    @Test func examplesAreRight() throws {
        let text = try String(contentsOfFile: Self.file, encoding: .utf8)
        let examples = text.components(separatedBy: "```yaml\n").dropFirst().compactMap {
            $0.components(separatedBy: "```").first
        }
        var files: [String: String] = ["files/radio.conf": "", "files/logo.raw": ""]
        for example in examples {
            // The first line of a whole file names it.
            guard let path = example.split(separator: "\n").first?.dropFirst(2) else { continue }
            if path.hasSuffix(".yaml") { files[String(path)] = example }
        }
        try #require(files.keys.contains("devices/pocket.yaml"))
        try Fixture.with(files) { folder in
            let repository = DeviceRepository(shippedRoot: Fixture.shippedRoot, folder: folder)
            for variant in Device.Variant.allCases {
                let device = try repository.device("pocket", variant: variant)
                #expect(device.services.contains { $0.definition.name == "radio" })
            }
        }
    }
}
