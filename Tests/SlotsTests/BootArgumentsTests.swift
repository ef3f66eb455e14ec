import Slots
import Testing

struct BootArgumentsTests {
    static let hash = String(repeating: "0123456789abcdef", count: 4)

    private func parse(_ line: String) throws(BootArguments.ParseError) -> BootArguments {
        try BootArguments(commandLine: Array(line.utf8))
    }

    @Test func readsSlotAndRoot() throws {
        let arguments = try parse("console=ttyAMA0 amos.root=\(Self.hash):860:0011ff amos.slot=b quiet\n")
        #expect(arguments.slot == .b)
        #expect(arguments.root.dataBlocks == 860)
        #expect(arguments.root.dataBytes == 860 * 4096)
        // The order of fields is dm-verity's own (kernel: device-mapper/verity.rst).
        #expect(
            arguments.root.table(device: "/dev/vda4", restartsOnCorruption: true)
                == "1 /dev/vda4 /dev/vda4 4096 4096 860 861 sha256 \(Self.hash) 0011ff"
                + " 1 restart_on_corruption"
        )
    }

    @Test func noSaltIsADash() throws {
        let arguments = try parse("amos.slot=a amos.root=\(Self.hash):1:")
        #expect(
            arguments.root.table(device: "d", restartsOnCorruption: false)
                == "1 d d 4096 4096 1 2 sha256 \(Self.hash) -")
    }

    @Test func theSignedWordWinsOverAnAppendedOne() throws {
        let arguments = try parse(
            "amos.root=\(Self.hash):7: amos.slot=a amos.root=\(Self.hash):9: amos.slot=b")
        #expect(arguments.root.dataBlocks == 7)
        #expect(arguments.slot == .a)
    }

    @Test(arguments: [
        "amos.slot=", "amos.slot=c", "amos.slot=ab",
        "amos.slot=a amos.root=", "amos.slot=a amos.root=\(hash)", "amos.slot=a amos.root=\(hash):0:",
        "amos.slot=a amos.root=\(hash):1:abc", "amos.slot=a amos.root=\(hash):1:zz",
        "amos.slot=a amos.root=\(hash)0:1:", "amos.slot=a amos.root=\(hash):4294967297:",
        "amos.slot=a amos.root=\(hash):99999999999999999999999:", "amos.slot=a amos.root=\(hash):1::",
        "amos.slot=a amos.root=\(hash.uppercased()):1:", "amos.slot=a amos.root=\(hash):-1:",
    ])
    func malformedWordsAreRefused(line: String) {
        let error = #expect(throws: BootArguments.ParseError.self) { _ = try parse(line) }
        #expect(error == .malformed(line.contains("root") ? .root : .slot))
    }

    @Test func missingWordsAreNamed() {
        #expect(throws: BootArguments.ParseError.missing(.slot)) {
            _ = try parse("xamos.slot=a root=/dev/vda")
        }
        #expect(throws: BootArguments.ParseError.missing(.root)) { _ = try parse("amos.slot=a debug sh") }
    }
}
