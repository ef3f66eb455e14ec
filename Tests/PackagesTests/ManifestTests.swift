import Foundation
import Packages
import Testing

@Suite struct ManifestTests {
    @Test func canonicalBytes() {
        let text = String(decoding: SampleManifest.small().encode(), as: UTF8.self)
        let digest = String(repeating: "ab", count: 32)
        #expect(
            text == #"{"architecture":"any","format":1,"id":"com.example.notes","kind":"library","#
                + #""licence":"MIT","minimum-api":1,"name":"Notes","payload":{"sha256":""# + digest
                + #"","size":4096,"verity":""# + digest + #""},"version":"1.4.0","version-code":7}"#)
    }

    @Test(arguments: [SampleManifest.small(), SampleManifest.full])
    func comesBackAsItWas(manifest: PackageManifest) throws {
        let bytes = manifest.encode()
        let again = try PackageManifest(decoding: bytes)
        #expect(again.encode() == bytes)
        #expect(again.id == manifest.id && again.version == manifest.version)
        #expect(again.dependencies == manifest.dependencies && again.provides == manifest.provides)
        #expect(again.conflicts == manifest.conflicts && again.replaces == manifest.replaces)
        #expect(again.permissions == manifest.permissions && again.icons == manifest.icons)
        #expect(again.description == manifest.description && again.payload == manifest.payload)
    }

    /// What is replaced in the full manifest's text, by what, and what the error must name.
    static let wrong: [(String, String, String)] = [
        (#""kind":"app""#, #""kind":"app","kinds":1"#, "unknown key 'kinds'"),
        (#""verity":"#, #""veritas":"#, "unknown key 'payload.veritas'"),
        (#""size":96"#, #""size":96,"x":1"#, "unknown key 'icons[0].x'"),
        (#""versions":"*"}]],"#, #""versions":"*","or":1}]],"#, "unknown key 'dependencies[1][1].or'"),
        (#""name":"Notes","#, "", "lacks the key 'name'"),
        (#","version-code":2000001"#, "", "lacks the key 'version-code'"),
        (#""entry":"bin/notes","#, "", "lacks the key 'entry'"),
        (#""size":8192,"#, "", "lacks the key 'payload.size'"),
        (#""format":1"#, #""format":2"#, "'format'"),
        (#""format":1"#, #""format":"1""#, "'format' in the manifest must be a whole number"),
        (#""name":"Notes""#, #""name":7"#, "'name' in the manifest must be text"),
        (#""permissions":["#, #""permissions":[1,"#, "'permissions[0]' in the manifest must be text"),
        (#""names":{"de":"Notizen","#, #""names":{"de":1,"#, "'names.de' in the manifest must be text"),
        (#""icons":[{"#, #""icons":[[],{"#, "'icons[0]' in the manifest must be an object"),
        (#""dependencies":[["#, #""dependencies":[1,["#, "'dependencies[0]' in the manifest must be a list"),
        (#""dependencies":[["#, #""dependencies":[[],["#, "'dependencies[0]' cannot be"),
        (#""conflicts":["#, #""conflicts":[1,"#, "'conflicts[0]' in the manifest must be an object"),
        (#""name":"Notes""#, "\"name\":\"" + String(repeating: "n", count: 65) + "\"", "'name' is longer"),
        (#""id":"com.example.notes""#, #""id":"notes""#, "'id' cannot be 'notes'"),
        (#""version":"2.0.0-beta.1""#, #""version":"2.0""#, "'version' cannot be '2.0'"),
        (#""version-code":2000001"#, #""version-code":0"#, "'version-code' cannot be '0'"),
        (#""version-code":2000001"#, #""version-code":9007199254740992"#, "'version-code' cannot be"),
        (#""version-code":2000001"#, #""version-code":1e3"#, "'version-code' in the manifest must be"),
        (#""architecture":"arm64""#, #""architecture":"mips""#, "'architecture' cannot be 'mips'"),
        (#""kind":"app""#, #""kind":"game""#, "'kind' cannot be 'game'"),
        (#""kind":"app""#, #""kind":"library""#, "'entry' cannot be 'bin/notes'"),
        (#""entry":"bin/notes""#, #""entry":"../notes""#, "'entry' cannot be"),
        (#""entry":"bin/notes""#, #""entry":"/bin/notes""#, "'entry' cannot be"),
        (#""size":8192"#, #""size":8193"#, "'payload.size' cannot be '8193'"),
        (#""size":8192"#, #""size":1099511627777"#, "'payload.size' cannot be"),
        (#""sha256":"ab"#, #""sha256":"AB"#, "'payload.sha256' cannot be"),
        (#"["camera","network"]"#, #"["network","camera"]"#, "'permissions[1]' cannot be 'camera'"),
        (#"["camera","network"]"#, #"["camera","camera"]"#, "'permissions[1]' cannot be"),
        (#"["camera","network"]"#, #"["Camera","network"]"#, "'permissions[0]' cannot be"),
        (#""versions":"<1.0.0""#, #""versions":"<1""#, "'conflicts[0].versions' cannot be '<1'"),
        (#""id":"com.example.memo""#, #""id":"com.example.notes""#, "'replaces[0]' cannot be"),
        (#""id":"org.amos.viewer""#, #""id":"com.example.notes""#, "'provides[1]' cannot be"),
        (#""pt-BR":"#, #""Pt":"#, "'names.Pt' cannot be"),
        (#""pt-BR":"#, #""aa":"#, "'names.aa' cannot be"),
        (#""licence":"Apache-2.0 OR MIT""#, #""licence":"a/b""#, "'licence' cannot be 'a/b'"),
        (#""size":96"#, #""size":4097"#, "'icons[0].size' cannot be"),
        (#"icons/96.png"#, "icons//96.png", "'icons[0].path' cannot be"),
        (#""kind":"app""#, #""kind": "app""#, "canonical form (sorted keys, no blanks) from byte"),
        (#""id":"com.example.notes","kind":"app""#, #""kind":"app","id":"com.example.notes""#, "canonical"),
        (#""versions":">=3.4.0 <4.0.0-0""#, #""versions":"^3.4.0""#, "canonical"),
        (#""name":"Notes""#, #""name":"\u004eotes""#, "canonical"),
        (#"}],"replaces""#, #"}],"replaces":[],"replaces""#, "the manifest: at byte"),
        (#""name":"Notes""#, #""name":"No\u0001tes""#, "'name' cannot be"),
    ]

    @Test(arguments: wrong)
    func isRefused(part: String, replacement: String, message: String) throws {
        let text = String(decoding: SampleManifest.full.encode(), as: UTF8.self)
        let range = try #require(text.range(of: part), "\(part) is not in the sample")
        let changed = text.replacingCharacters(in: range, with: replacement)
        let error = #expect(throws: PackageError.self) { try PackageManifest(decoding: Array(changed.utf8)) }
        #expect(try #require(error).description.contains(message), "\(String(describing: error))")
    }

    @Test func limitsHold() {
        var manifest = SampleManifest.small()
        let relation = PackageManifest.Relation(SampleManifest.id("a.b"))
        manifest.conflicts = Array(repeating: relation, count: PackageManifest.relationLimit + 1)
        #expect(throws: PackageError.tooLong(key: "conflicts", limit: PackageManifest.relationLimit)) {
            try PackageManifest(decoding: manifest.encode())
        }
        manifest.conflicts = []
        manifest.dependencies = [
            .init(Array(repeating: relation, count: PackageManifest.alternativeLimit + 1))
        ]
        #expect(
            throws: PackageError.tooLong(key: "dependencies[0]", limit: PackageManifest.alternativeLimit)
        ) { try PackageManifest(decoding: manifest.encode()) }
        let long = [UInt8](repeating: 0x20, count: PackageManifest.byteLimit + 1)
        #expect(throws: PackageError.tooLong(key: "manifest", limit: PackageManifest.byteLimit)) {
            try PackageManifest(decoding: long)
        }
    }

    @Test func everyCutIsRefused() {
        let bytes = SampleManifest.full.encode()
        for count in 0..<bytes.count {
            #expect(throws: PackageError.self) { try PackageManifest(decoding: Array(bytes[..<count])) }
        }
    }
}
