import DiskImage
import Foundation
import Testing

@Suite struct SigningKeyTests {
    @Test func createdKeysLoadAgainAndAreSecret() throws {
        let folder = try BootScratchFolder()
        let store = SigningKeyStore(folder: folder.path + "/deep/keys")
        let key = try store.create("release-2")
        #expect(try store.load("release-2") == key)
        #expect(store.list() == ["release-2"])
        let attributes = try FileManager.default.attributesOfItem(atPath: store.file(of: "release-2"))
        #expect(attributes[.posixPermissions] as? Int == 0o600)
        #expect(try FileManager.default.contentsOfDirectory(atPath: store.folder) == ["release-2.pem"])
    }

    @Test func aKeyIsNeverOverwritten() throws {
        let folder = try BootScratchFolder()
        let store = SigningKeyStore(folder: folder.path)
        let key = try store.create("one")
        #expect(throws: SigningKeyError.alreadyThere(name: "one", file: store.file(of: "one"))) {
            try store.create("one")
        }
        #expect(try store.load("one") == key)
    }

    @Test func theDevelopmentKeyIsMadeOnce() throws {
        let folder = try BootScratchFolder()
        let store = SigningKeyStore(folder: folder.path)
        #expect(try store.development() == store.development())
        #expect(store.list() == ["development"])
    }

    @Test(arguments: ["", "-x", "a/b", "..", "A", String(repeating: "a", count: 65)])
    func namesThatAreNoFileNamesAreRefused(name: String) throws {
        let folder = try BootScratchFolder()
        #expect(throws: SigningKeyError.badName(name)) {
            try SigningKeyStore(folder: folder.path).create(name)
        }
    }

    @Test func missingKeysNameTheOthers() throws {
        let folder = try BootScratchFolder()
        let store = SigningKeyStore(folder: folder.path)
        _ = try store.create("left")
        #expect(throws: SigningKeyError.notFound(name: "right", folder: folder.path, others: ["left"])) {
            try store.load("right")
        }
    }

    @Test func whatIsNoSecretEd25519KeyIsRefused() throws {
        let folder = try BootScratchFolder()
        let store = SigningKeyStore(folder: folder.path)
        _ = try store.create("open")
        chmod(store.file(of: "open"), 0o644)
        #expect(throws: SigningKeyError.readableByOthers(file: store.file(of: "open"))) {
            try store.load("open")
        }
        try Data("hello".utf8).write(to: URL(fileURLWithPath: store.file(of: "junk")))
        chmod(store.file(of: "junk"), 0o600)
        #expect(throws: SigningKeyError.notAKey(file: store.file(of: "junk"))) { try store.load("junk") }
    }

    @Test func theFolderComesFromTheEnvironment() {
        #expect(SigningKeyStore.standard(environment: ["AMOS_KEYS": "/k"]).folder == "/k")
        #expect(SigningKeyStore.standard(environment: ["HOME": "/h"]).folder == "/h/.config/amos/keys")
    }
}
