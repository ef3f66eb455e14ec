import Packages
import Testing

@Suite struct GenerationTests {
    static func digest(_ byte: UInt8) -> Digest256 { Digest256([UInt8](repeating: byte, count: 32))! }

    static func package(
        _ id: String, _ version: String = "1.0.0", code: UInt64 = 1, store: UInt8 = 1, key: UInt8 = 9
    ) -> Generation.Package {
        Generation.Package(
            id: SampleManifest.id(id), version: SampleManifest.version(version), versionCode: code,
            kind: .app, reason: .requested, manifest: digest(store), payload: digest(store + 100),
            payloadSize: 4096, key: digest(key))
    }

    static func sample() throws -> Generation {
        var held = package("com.example.c", "2.0.0", code: 20, store: 3)
        held.isHeld = true
        held.reason = .dependency
        var pinned = package("com.example.a", store: 2)
        pinned.pin = SampleManifest.range("^1.0.0")
        return try Generation.empty
            .successor(newestNumber: 0, putting: [held, pinned, package("com.example.b")])
            .successor(newestNumber: 1, removing: [SampleManifest.id("com.example.b")])
    }

    @Test func comesBackAsItWas() throws {
        let generation = try Self.sample()
        #expect(generation.number == 2)
        #expect(generation.packages.map(\.id.text) == ["com.example.a", "com.example.c"])
        #expect(generation.claims.map(\.id.text) == ["com.example.b"])
        #expect(try Generation(decoding: generation.encode()) == generation)
        #expect(try Generation(decoding: Generation.empty.encode()) == .empty)
    }

    @Test func everyChangedOrMissingByteIsRefused() throws {
        let bytes = try Self.sample().encode()
        for index in bytes.indices {
            var changed = bytes
            changed[index] ^= 1
            #expect(throws: PackageError.self, "byte \(index)") { try Generation(decoding: changed) }
            #expect(throws: PackageError.self) { try Generation(decoding: Array(bytes[..<index])) }
        }
        #expect(throws: PackageError.self) { try Generation(decoding: bytes + [0]) }
    }

    @Test func ownersOutliveRemoval() throws {
        let generation = try Self.sample()
        let gone = SampleManifest.id("com.example.b")
        #expect(generation[gone] == nil)
        #expect(generation.owner(of: gone) == Self.digest(9))
        let back = try generation.successor(newestNumber: 2, putting: [Self.package("com.example.b")])
        #expect(back.claims.isEmpty)
        #expect(try generation.droppingClaim(of: gone, newestNumber: 2).owner(of: gone) == nil)
        let wiped = try back.successor(newestNumber: 3, removing: [gone], data: .removed)
        #expect(wiped.owner(of: gone) == nil)
        #expect(throws: PackageError.unknownPackage(gone)) {
            try generation.successor(newestNumber: 2, removing: [gone])
        }
    }

    @Test func changesAreSortedAndNamed() throws {
        let old = try Generation.empty.successor(
            newestNumber: 0,
            putting: [
                Self.package("a.a", code: 2, store: 1), Self.package("a.b", code: 2, store: 2),
                Self.package("a.c", store: 3), Self.package("a.d", store: 4),
            ])
        let new = try old.successor(
            newestNumber: 7,
            putting: [
                Self.package("a.a", code: 3, store: 11), Self.package("a.b", code: 1, store: 12),
                Self.package("a.e", store: 15),
            ], removing: [SampleManifest.id("a.c")])
        #expect(new.number == 8)
        let texts = new.changes(since: old).map { change in
            switch change {
            case .install(let package): "install \(package.id)"
            case .upgrade(let from, let to): "upgrade \(to.id) \(from.versionCode) \(to.versionCode)"
            case .downgrade(let from, let to): "downgrade \(to.id) \(from.versionCode) \(to.versionCode)"
            case .remove(let package): "remove \(package.id)"
            }
        }
        #expect(texts == ["upgrade a.a 2 3", "downgrade a.b 2 1", "remove a.c", "install a.e"])
        #expect(new.changes(since: new).isEmpty)
    }

    @Test func rollbackKeepsKeysHoldsAndFloors() throws {
        let id = SampleManifest.id("a.a")
        let old = try Generation.empty.successor(newestNumber: 0, putting: [Self.package("a.a", code: 2)])
        var now = Self.package("a.a", code: 3, store: 5, key: 8)
        now.pin = SampleManifest.range("^1.0.0")
        let new = try old.successor(newestNumber: 1, putting: [now, Self.package("a.b")])
        let back = try new.rollback(to: old, newestNumber: 2, floors: [(id, 2)])
        #expect(back.number == 3)
        let package = try #require(back[id])
        #expect(package.versionCode == 2 && package.key == Self.digest(8))
        #expect(package.pin == SampleManifest.range("^1.0.0"))
        #expect(back.claims.map(\.id.text) == ["a.b"])
        #expect(throws: PackageError.belowFloor(id, code: 2, floor: 3)) {
            try new.rollback(to: old, newestNumber: 2, floors: [(id, 3)])
        }
        let held = try new.marking(id, newestNumber: 2) { $0.isHeld = true }
        #expect(throws: PackageError.self) { try held.rollback(to: old, newestNumber: 3, floors: []) }
    }

    @Test func appsHaveUsersOfTheirOwn() throws {
        let library = Generation.Package(
            id: SampleManifest.id("a.c"), version: SampleManifest.version("1.0.0"), versionCode: 1,
            kind: .library, reason: .requested, manifest: Self.digest(1), payload: Self.digest(2),
            payloadSize: 4096, key: Self.digest(3))
        let one = try Generation.empty.successor(
            newestNumber: 0, putting: [Self.package("a.a"), Self.package("a.b"), library])
        #expect(one.packages.map(\.user) == [100_000, 100_001, 0])
        #expect(one.packages.map(\.data) == [1, 1, 0])
        let two = try one.successor(
            newestNumber: 1, putting: [Self.package("a.a", code: 2, store: 9)],
            removing: [SampleManifest.id("a.b")], data: .removed)
        #expect(two.packages.map(\.user) == [100_000, 0] && two.packages.map(\.data) == [2, 0])
        let three = try two.successor(newestNumber: 2, putting: [Self.package("a.b")])
        #expect(three[SampleManifest.id("a.b")]?.user == 100_002)
    }

    @Test func marksAreChanged() throws {
        let id = SampleManifest.id("com.example.a")
        let marked = try Self.sample().marking(id, newestNumber: 2) {
            $0.isHeld = true
            $0.pin = nil
        }
        #expect(marked[id]?.isHeld == true && marked[id]?.pin == nil)
        #expect(marked.number == 3)
    }

    @Test func storeKeepsWhatIsNamed() throws {
        let generation = try Self.sample()
        let contents = StoreContents(of: [generation, generation])
        #expect(contents.manifests == [Self.digest(2), Self.digest(3)])
        #expect(contents.needsPayload(Self.digest(103)) && !contents.needsPayload(Self.digest(101)))
        #expect(contents.needsManifest(Self.digest(2)) && !contents.needsManifest(Self.digest(102)))
    }

    @Test func retention() {
        let numbers: [UInt64] = [1, 2, 3, 5, 6, 7]
        #expect(GenerationRetention.toRemove(numbers: numbers, current: 7, keepingNewest: 2) == [1, 2, 3])
        #expect(
            GenerationRetention.toRemove(numbers: numbers, current: 3, keepingNewest: 1, marked: [1])
                == [2, 5, 6])
        #expect(GenerationRetention.toRemove(numbers: [4], current: 4, keepingNewest: 0).isEmpty)
    }
}
