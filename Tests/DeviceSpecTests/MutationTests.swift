import DeviceSpec
import Foundation
import Testing

/// Device files are written by people and by scripts: whatever stands in one, reading it ends with a device
/// or with messages that point into a file, never with a trap.
@Suite struct MutationTests {
    /// SplitMix64: the seed of a failing round is the test's argument.
    struct Random: RandomNumberGenerator {
        var state: UInt64

        mutating func next() -> UInt64 {
            state &+= 0x9E37_79B9_7F4A_7C15
            var value = state
            value = (value ^ (value >> 30)) &* 0xBF58_476D_1CE4_E5B9
            value = (value ^ (value >> 27)) &* 0x94D0_49BB_1331_11EB
            return value ^ (value >> 31)
        }
    }

    private static let tokens = [
        ": ", "- ", "[", "]", "{", "}", "\n", "\t", "\"", "'", "&a ", "*a", "!t ", "|\n", "? ", "<<: ",
        "---\n", "#", "~",
        "0", "-1", "99999999999999999999", "1 MiB", "é", "\u{E000}", "\u{0}", "extends: pocket\n",
        "name: x\n",
    ]

    private func mutated(_ original: [UInt8], _ random: inout Random) -> [UInt8] {
        var bytes = original
        for _ in 0..<Int.random(in: 1...6, using: &random) {
            let place = Int.random(in: 0..<bytes.count, using: &random)
            let end = min(bytes.count, place + Int.random(in: 0...12, using: &random))
            switch Int.random(in: 0..<4, using: &random) {
            case 0: bytes.removeSubrange(place..<end)
            case 1: bytes[place] = UInt8.random(in: 0...255, using: &random)
            case 2: bytes.insert(contentsOf: Array(bytes[place..<end]), at: place)
            default: bytes.insert(contentsOf: Self.tokens.randomElement(using: &random)!.utf8, at: place)
            }
            if bytes.isEmpty { bytes = original }
        }
        return bytes
    }

    private func shipped(_ path: String) throws -> [UInt8] {
        try Array(Data(contentsOf: URL(fileURLWithPath: "\(Fixture.shippedRoot)/\(path)")))
    }

    private func messagesAreUsable(_ list: DiagnosticList, in folder: String) -> Bool {
        !list.diagnostics.isEmpty
            && list.diagnostics.allSatisfy { diagnostic in
                let place = diagnostic.location
                return place.file.hasPrefix(folder) && place.line >= 1 && place.column >= 1
                    && !diagnostic.message.isEmpty
            }
    }

    @Test(arguments: 0..<8) func endsWithADeviceOrWithMessages(seed: Int) throws {
        var random = Random(state: UInt64(seed))
        let original = try shipped("devices/virt-phone.yaml")
        let service = try shipped("services/network.yaml")
        var files = ["base/file": "", "shell/file": "", "devices/other": ""]
        for name in ["logd", "clock", "shell"] {
            files["services/\(name).yaml"] = try String(
                decoding: shipped("services/\(name).yaml"), as: UTF8.self)
        }
        try Fixture.with(files) { folder in
            let repository = DeviceRepository(shippedRoot: folder, folder: folder)
            var wrong = 0
            for _ in 0..<100 {
                try Data(mutated(original, &random)).write(
                    to: URL(fileURLWithPath: folder + "/devices/virt-phone.yaml"))
                try Data(mutated(service, &random)).write(
                    to: URL(fileURLWithPath: folder + "/services/network.yaml"))
                do throws(DiagnosticList) {
                    _ = try repository.device("virt-phone", variant: .dev)
                } catch {
                    wrong += 1
                    #expect(messagesAreUsable(error, in: folder))
                }
            }
            // Most changes break something; a reader that accepts them all would prove nothing.
            #expect(wrong > 50)
        }
    }
}
