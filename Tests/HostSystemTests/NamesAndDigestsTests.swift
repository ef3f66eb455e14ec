import Foundation
import Testing

@testable import HostSystem

@Suite struct NearestNameTests {
    @Test(arguments: [
        ("logds", "logd"), ("lgod", "logd"), ("netwrok", "network"), ("SIGTERM", "TERM"),
        ("dm_verity", "dm-verity"), ("Logd", "logd"),
    ])
    func slipsAreFound(name: String, meant: String) {
        let candidates = ["logd", "network", "TERM", "KILL", "dm-verity", "shell"]
        #expect(NearestName.of(name, among: candidates) == meant)
    }

    @Test func strangersAreNot() {
        #expect(NearestName.of("bluetooth", among: ["logd", "network", "shell"]) == nil)
        #expect(NearestName.of("logd", among: []) == nil)
    }

    @Test func tiesGoToTheFirstByName() {
        #expect(NearestName.of("cat", among: ["hat", "bat"]) == "bat")
    }

    @Test(arguments: [
        ("", "", 0), ("", "abc", 3), ("abc", "", 3), ("abc", "acb", 1), ("kitten", "sitting", 3),
        ("ca", "abc", 3),
    ])
    func distances(first: String, second: String, edits: Int) {
        #expect(NearestName.distance(Array(first.utf8), Array(second.utf8)) == edits)
    }
}

@Suite struct SortedPathsTests {
    /// By bytes: capitals before small letters, `-` before `/`, which no locale would do.
    @Test func findsEveryEntryAndNothingElse() {
        let paths = ["", "B", "a", "a-b", "a/b", "é"]
        for path in paths { #expect(SortedPaths.find(path, in: paths, path: { $0 }) == path) }
        for path in ["A", "a/", "b", "zz"] { #expect(SortedPaths.find(path, in: paths, path: { $0 }) == nil) }
        #expect(SortedPaths.find("a", in: [String](), path: { $0 }) == nil)
    }
}

@Suite struct DigestTests {
    /// The vectors of FIPS 180-2, appendix B.
    @Test(arguments: [
        ("abc", "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"),
        ("", "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"),
        (
            "abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq",
            "248d6a61d20638b8e5c026930c3e6039a33ce45964ff2167f6ecedd419db06c1"
        ),
    ])
    func knownValues(text: String, hex: String) {
        #expect(SHA256Digest.of(text.utf8).description == hex)
    }

    @Test func piecesAreAsGoodAsTheWhole() {
        let bytes = (0..<1000).map { UInt8(truncatingIfNeeded: $0 &* 7) }
        var hasher = SHA256Hasher()
        for piece in stride(from: 0, to: bytes.count, by: 77) {
            hasher.update(bytes[piece..<min(piece + 77, bytes.count)])
        }
        #expect(hasher.finish() == SHA256Digest.of(bytes))
    }

    @Test func hexIsReadStrictly() {
        let digest = SHA256Digest.of("amos".utf8)
        #expect(SHA256Digest(hex: digest.description) == digest)
        #expect(SHA256Digest(hex: digest.description.uppercased()) == digest)
        #expect(SHA256Digest(hex: String(digest.description.dropLast())) == nil)
        #expect(SHA256Digest(hex: String(digest.description.dropLast()) + "g") == nil)
    }
}
