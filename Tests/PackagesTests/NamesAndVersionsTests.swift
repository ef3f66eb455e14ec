import Packages
import Testing

@Suite struct PackageIDTests {
    @Test(arguments: [
        "com.example", "com.example.notes", "a.b", "org.x-1.y2", "com." + String(repeating: "a", count: 63),
    ])
    func isAnID(text: String) throws { #expect(try #require(PackageID(text)).text == text) }

    @Test(arguments: [
        "", "notes", ".com", "com.", "com..x", "Com.example", "com.exa_mple", "com.-x", "com.x-", "com.x-.y",
        "1com.x", "com.1x", "com.exämple", "com.example ", "com/example", "..", "com.x\n", "com.x\0y",
        "com." + String(repeating: "a", count: 64),
        // 128 bytes
        String(repeating: "a.", count: 62) + "abcd",
    ])
    func isNone(text: String) { #expect(PackageID(text) == nil) }

    @Test func orderIsByBytes() throws {
        let ids = try ["b.a", "a.b", "a-x.b", "a.b.c"].map { try #require(PackageID($0)) }
        #expect(ids.sorted().map(\.text) == ["a-x.b", "a.b", "a.b.c", "b.a"])
    }
}

@Suite struct PackageVersionTests {
    /// semver.org, 11, and what lies between.
    static let ascending = [
        "0.0.0-0", "0.0.0", "0.0.1", "0.2.0", "0.10.0", "1.0.0-0", "1.0.0-1", "1.0.0-2", "1.0.0-10",
        "1.0.0--", "1.0.0-0a", "1.0.0-A", "1.0.0-alpha", "1.0.0-alpha.1", "1.0.0-alpha.1.0",
        "1.0.0-alpha.beta", "1.0.0-alpha-1", "1.0.0-beta", "1.0.0-beta.2", "1.0.0-beta.11", "1.0.0-rc.1",
        "1.0.0", "1.0.1-0", "1.0.1", "2.0.0", "10.0.0", "999999999999999.0.0",
    ]

    @Test func orderIsTotal() throws {
        let versions = try Self.ascending.map { try #require(PackageVersion($0), "\($0)") }
        #expect(versions.map(\.text) == Self.ascending)
        for (index, one) in versions.enumerated() {
            for (otherIndex, other) in versions.enumerated() {
                #expect((one < other) == (index < otherIndex), "\(one) < \(other)")
                #expect((one == other) == (index == otherIndex), "\(one) == \(other)")
            }
        }
    }

    @Test(arguments: [
        "", "1", "1.0", "1.0.0.0", "01.0.0", "1.0.00", "1.0.0-", "1.0.0-01", "1.0.0-a..b", "1.0.0-a.",
        "1.0.0+build", "v1.0.0", "1.0.0 ", "-1.0.0", "1.a.0", "1.0.0-ä", "1.0.0-a_b",
        "1000000000000000.0.0", "1.0.0-" + String(repeating: "a", count: 59), "1.0.0-1000000000000000",
    ])
    func isNone(text: String) { #expect(PackageVersion(text) == nil) }
}

@Suite struct VersionRangeTests {
    @Test(arguments: [
        ("*", "*", "0.0.0-0 0.0.1 99.0.0", ""),
        ("=1.2.0", "=1.2.0", "1.2.0", "1.2.0-rc.1 1.2.1"),
        (">=1.2.0", ">=1.2.0", "1.2.0 2.0.0", "1.2.0-rc.1 1.1.9"),
        (">1.2.0", ">1.2.0", "1.2.1-0 1.3.0", "1.2.0 1.2.0-rc.1"),
        ("<=1.2.0", "<=1.2.0", "1.2.0 1.2.0-rc.1 0.0.0", "1.2.1-0"),
        ("<1.2.0", "<1.2.0", "1.2.0-rc.1", "1.2.0"),
        ("^1.2.3", ">=1.2.3 <2.0.0-0", "1.2.3 1.99.0", "1.2.2 2.0.0-0 2.0.0-beta 2.0.0"),
        ("^0.2.3", ">=0.2.3 <0.3.0-0", "0.2.3 0.2.9", "0.3.0 0.3.0-a 1.0.0"),
        ("^0.0.3", ">=0.0.3 <0.0.4-0", "0.0.3", "0.0.4 0.0.2"),
        ("~1.2.3", ">=1.2.3 <1.3.0-0", "1.2.3 1.2.9", "1.3.0-0 1.3.0"),
        ("<2.0.0 >=1.0.0", ">=1.0.0 <2.0.0", "1.0.0 2.0.0-beta", "2.0.0"),
        (">=1.0.0 <=1.0.0", "=1.0.0", "1.0.0", "1.0.1"),
    ])
    func holdsWhatItSays(written: String, canonical: String, inside: String, outside: String) throws {
        let range = try #require(VersionRange(written))
        #expect(range.text == canonical)
        #expect(VersionRange(canonical) == range)
        for text in inside.split(separator: " ") {
            #expect(range.contains(try #require(PackageVersion(String(text)))), "\(text) in \(written)")
        }
        for text in outside.split(separator: " ") {
            #expect(!range.contains(try #require(PackageVersion(String(text)))), "\(text) in \(written)")
        }
    }

    @Test(arguments: [
        "", " ", "1.0.0", "=>1.0.0", "> 1.0.0", ">=1.0.0  <2.0.0", ">=1.0.0 >=2.0.0", "<1.0.0 <2.0.0",
        ">=2.0.0 <1.0.0", ">1.0.0 <1.0.0", ">=1.0.0 <1.0.0", ">=1.0.0 <2.0.0 <3.0.0", "^1", "**", "* *",
        "=1.0.0 =1.0.0", "^1.0.0 <1.5.0", "<1.0.0 ", "!1.0.0",
    ])
    func isNone(text: String) { #expect(VersionRange(text) == nil) }
}

@Suite struct DigestTests {
    @Test func hexAndBack() throws {
        let digest = try #require(Digest256([UInt8](0..<32)))
        #expect(digest.hex == "000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f")
        #expect(Digest256(hex: digest.hex) == digest)
    }

    @Test(arguments: ["", "00", String(repeating: "0", count: 63), String(repeating: "A", count: 64)])
    func isNone(hex: String) { #expect(Digest256(hex: hex) == nil) }
}
