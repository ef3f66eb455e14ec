import Foundation
import LinuxSystem
import PackageSignatures
import Packages
import Testing

@testable import amos_pkgd

/// `amosctl pkg` as a person uses it: every command, what it prints, and what it leaves as it was.
@Suite struct CommandTests {
    static let notes = "com.example.notes"

    /// A service that runs, and package files beside it.
    final class Rig {
        let folder: ServiceFolder
        private let running: RunningService

        init(_ change: (inout InstallPolicy) -> Void = { _ in }) throws {
            folder = try ServiceFolder()
            var policy = InstallPolicy(sideload: .allowed, architecture: .any)
            change(&policy)
            try folder.write(policy)
            running = RunningService(try PackageService<TestSealer>(folder.options), folder)
        }

        deinit { running.end() }

        func file(_ package: TestPackage) throws -> String {
            let path = folder.path + "/\(package.id)-\(package.code)-\(package.key).apk"
            try Data(package.bytes).write(to: URL(fileURLWithPath: path))
            return path
        }

        /// Its output; what it complains about if it fails.
        @discardableResult
        func pkg(_ arguments: String...) -> String {
            let outcome = folder.amosctl(arguments)
            return outcome.status == 0 ? outcome.output : "\(outcome.status): " + outcome.errors
        }

        /// `ID VERSION`
        func list() throws -> [String] {
            let rows = try #require(try folder.json("list") as? [[String: Any]])
            return rows.map { "\($0["id"]!) \($0["version"]!)" }
        }

        var generation: Int? {
            get throws {
                let sets = try folder.json("history") as? [[String: Any]]
                return sets?.last?["generation"] as? Int
            }
        }
    }

    @Test func installsUpgradesAndGoesBack() throws {
        let rig = try Rig()
        let (one, two) = (try rig.file(TestPackage(blocks: 200)), try rig.file(TestPackage(code: 2)))
        #expect(rig.pkg("upgrade", one).contains("is not installed; `amosctl pkg install` installs it"))
        #expect(rig.pkg("install", one, "--dry-run") == "install \(Self.notes) 1.1.0\n")
        #expect(try rig.list() == [])
        #expect(rig.pkg("install", one) == "installed \(Self.notes) 1.1.0\n")
        #expect(rig.pkg("upgrade", one).contains("at version code 1 already"))
        #expect(rig.pkg("upgrade", two, "--dry-run") == "upgrade \(Self.notes) 1.1.0 → 1.2.0\n")
        #expect(rig.pkg("upgrade", two) == "upgraded \(Self.notes) 1.1.0 → 1.2.0\n")
        #expect(rig.pkg("install", one).contains("--downgrade"))
        #expect(rig.pkg("rollback", "--dry-run") == "downgrade \(Self.notes) 1.2.0 → 1.1.0\n")
        #expect(try rig.list() == ["\(Self.notes) 1.2.0"])
        #expect(rig.pkg("rollback") == "downgraded \(Self.notes) 1.2.0 → 1.1.0\n")
        #expect(rig.pkg("diff", "2") == "downgrade \(Self.notes) 1.2.0 → 1.1.0\n")
        #expect(rig.pkg("diff", "0", "2") == "install \(Self.notes) 1.2.0\n")
        #expect(rig.pkg("diff", "99").contains("set 99 is not here any more"))
        #expect(rig.pkg("rollback", "99").contains("there is no set 99"))
        #expect(rig.pkg("rollback", "2") == "upgraded \(Self.notes) 1.1.0 → 1.2.0\n")
        #expect(rig.pkg("install", one, "--downgrade") == "downgraded \(Self.notes) 1.2.0 → 1.1.0\n")
        #expect(rig.folder.amosctl("verify").status == 0)
    }

    @Test func holdsAndPins() throws {
        let rig = try Rig()
        let two = try rig.file(TestPackage(code: 2))
        rig.pkg("install", try rig.file(TestPackage()))
        #expect(rig.pkg("hold", Self.notes, "--dry-run") == "hold \(Self.notes)\n")
        #expect(rig.pkg("hold", Self.notes) == "held \(Self.notes)\n")
        #expect(rig.pkg("hold", Self.notes) == "nothing changes\n")
        #expect(rig.pkg("upgrade", two).contains("is held at version 1.1.0; `amosctl pkg unhold"))
        #expect(rig.pkg("unhold", Self.notes) == "unheld \(Self.notes)\n")
        #expect(rig.pkg("pin", Self.notes, "^2.0.0").contains("installed in version 1.1.0"))
        #expect(rig.pkg("pin", Self.notes, "newest").contains("a range such as"))
        #expect(rig.pkg("pin", Self.notes, "~1.1.0") == "pinned \(Self.notes) to >=1.1.0 <1.2.0-0\n")
        #expect(rig.pkg("upgrade", two).contains("is pinned to ~1.1.0; `amosctl pkg pin \(Self.notes) '*'`"))
        #expect(rig.pkg("show", Self.notes).contains(">=1.1.0"))
        #expect(rig.pkg("pin", Self.notes, "*") == "unpinned \(Self.notes)\n")
        #expect(rig.pkg("upgrade", two) == "upgraded \(Self.notes) 1.1.0 → 1.2.0\n")
        #expect(rig.pkg("hold", "org.not.here").contains("org.not.here is not installed"))
        rig.pkg("hold", Self.notes)
        let generation = try #require(try rig.generation)
        #expect(rig.pkg("rollback", "\(generation - 2)").contains("is held at version 1.2.0"))
    }

    @Test func knowsWhoNeedsWhat() throws {
        let rig = try Rig()
        let app = TestPackage(
            id: "org.other.app", key: 1,
            change: { $0.dependencies = [.init([.init(PackageID(Self.notes)!)])] })
        let library = try rig.file(TestPackage())
        #expect(rig.pkg("install", library, "--dependency") == "installed \(Self.notes) 1.1.0\n")
        #expect(rig.pkg("why", Self.notes).contains("nothing needs it"))
        rig.pkg("install", try rig.file(app))
        #expect(
            rig.pkg("why", Self.notes) == "org.other.app → \(Self.notes)\nneeded by org.other.app\n")
        #expect(rig.pkg("why", "org.other.app") == "org.other.app was asked for\n")
        #expect(rig.pkg("autoremove") == "nothing changes\n")
        #expect(rig.pkg("remove", Self.notes).contains("org.other.app 1.1.0 needs \(Self.notes)"))
        rig.pkg("remove", "org.other.app")
        let before = try rig.generation
        #expect(rig.pkg("autoremove", "--dry-run") == "remove \(Self.notes) 1.1.0\n")
        #expect(try rig.generation == before)
        #expect(rig.pkg("autoremove") == "removed \(Self.notes) 1.1.0\n")
        #expect(try rig.list() == [])
    }

    @Test func searches() throws {
        let rig = try Rig()
        rig.pkg("install", try rig.file(TestPackage(change: { $0.description = "Keeps Thoughts" })))
        for text in ["thought", "NOTES", "example"] {
            #expect(rig.pkg("search", text).contains(Self.notes), "\(text)")
        }
        #expect(rig.pkg("search", "zebra") == "no package has these words\n")
        #expect((try rig.folder.json("search", "zebra") as? [Any])?.isEmpty == true)
    }

    @Test func floorsHoldForRollbacks() throws {
        let disk = SimulatedDisk()
        let engine = try TestEngine.on(disk)
        try engine.install(TestPackage())
        try engine.install(TestPackage(code: 2))
        var policy = InstallPolicy(sideload: .allowed, architecture: .arm64)
        policy.floors = [.init(id: PackageID(Self.notes)!, versionCode: 2)]
        let stricter = TestEngine(disk, HandsetCryptography(), policy)
        try stricter.recover()
        let reason = PackageError.belowFloor(PackageID(Self.notes)!, code: 1, floor: 2)
        #expect(throws: reason) { try stricter.rollback(to: nil) }
        #expect(throws: reason) { try stricter.install(TestPackage(), .downgrade) }
        #expect(throws: reason) { try stricter.install(TestPackage(), [.downgrade, .repository]) }
    }

    /// After the key has changed, the old version is still what it was.
    @Test func rollbackGoesBehindAChangeOfTheKey() throws {
        let engine = try TestEngine.on(SimulatedDisk())
        try engine.install(TestPackage(kind: .app))
        var rotated = TestPackage(code: 2, kind: .app, key: 1)
        rotated.oldKey = 0
        try engine.install(rotated)
        try engine.commit(try engine.rollback(to: nil))
        #expect(engine.current[PackageID(Self.notes)!]?.versionCode == 1)
        #expect(engine.verify().compactMap(\.problem) == [])
        // The id is the new key's all the same.
        #expect(throws: PackageError.signature(.otherKey)) {
            try engine.install(TestPackage(code: 3, kind: .app))
        }
        try engine.install(TestPackage(code: 3, kind: .app, key: 1))
    }

    /// Who has an id now did not make what had it before.
    @Test func rollbackGivesNoIdToAnotherKey() throws {
        let engine = try TestEngine.on(SimulatedDisk())
        try engine.install(TestPackage(kind: .app))
        try engine.remove(PackageID(Self.notes)!, keepsData: false)
        try engine.install(TestPackage(code: 2, kind: .app, key: 1))
        #expect(throws: PackageError.self) { try engine.rollback(to: 1) }
        #expect(engine.current[PackageID(Self.notes)!]?.versionCode == 2)
    }

    @Test func rollbackBringsBackNoExcludedPublisher() throws {
        let disk = SimulatedDisk()
        let engine = try TestEngine.on(disk)
        try engine.install(TestPackage())
        try engine.remove(PackageID(Self.notes)!, keepsData: true)
        var policy = InstallPolicy(sideload: .allowed, architecture: .arm64)
        policy.publishers = [Digest256([UInt8](repeating: 7, count: 32))!]
        let stricter = TestEngine(disk, HandsetCryptography(), policy)
        try stricter.recover()
        #expect(throws: PackageError.self) { try stricter.rollback(to: 1) }
    }

    @Test func developersComeInWithTheOwnersWord() throws {
        let rig = try Rig {
            $0.sideload = .developerMode
            $0.offersDeveloperMode = true
        }
        let file = try rig.file(TestPackage())
        #expect(rig.pkg("install", file).contains("until `amosctl developer-mode on`"))
        #expect(
            rig.folder.run(["developer-mode"]).output == "developer mode is off; sideload: developer-mode\n")
        #expect(rig.folder.run(["developer-mode", "on"]).output.contains("is on"))
        #expect(rig.pkg("install", file) == "installed \(Self.notes) 1.1.0\n")
        #expect(rig.folder.run(["developer-mode", "off"]).output.contains("is off"))
        #expect(rig.pkg("install", file).contains("until `amosctl developer-mode on`"))
        #expect(rig.folder.run(["developer-mode", "maybe"]).errors.contains("is on or off"))
    }

    /// The file is on data, which somebody may have written to elsewhere.
    @Test func developerModeNeedsThePolicy() throws {
        let rig = try Rig { $0.sideload = .developerMode }
        #expect(rig.folder.run(["developer-mode", "on"]).errors.contains("has no developer mode"))
        try Data("on".utf8).write(to: URL(fileURLWithPath: rig.folder.options.developerModeFile))
        #expect(rig.pkg("install", try rig.file(TestPackage())).contains("repositories only"))
        #expect(rig.folder.run(["developer-mode"]).output == "this handset has no developer mode\n")
    }

    @Test func onlyKnownPublishersComeIn() throws {
        let key = PackageKey(TestPackage.keys[1].verifying)
        let rig = try Rig { $0.publishers = [HandsetCryptography().sha256(key.bytes)] }
        #expect(rig.pkg("install", try rig.file(TestPackage())).contains("is none of those"))
        #expect(rig.pkg("install", try rig.file(TestPackage(key: 1))) == "installed \(Self.notes) 1.1.0\n")
    }

    /// Without the file, or with one that is damaged, nothing comes in.
    @Test func noPolicyIsAStrictOne() throws {
        for damage in [Data(), Data("AMOSPOL".utf8)] {
            let folder = try ServiceFolder()
            try damage.write(to: URL(fileURLWithPath: folder.options.policyFile))
            let running = RunningService(try PackageService<TestSealer>(folder.options), folder)
            defer { running.end() }
            #expect(try folder.install(TestPackage().bytes).contains("repositories only"))
        }
    }

    @Test(arguments: [
        ["frobnicate"], ["show"], ["pin", "a.b"], ["install"], ["list", "x"], ["list", "--dry-run"],
        ["install", "a.b", "--downgrade"],
        ["remove", "a.b", "--downgrade"], ["--dry-run"],
    ])
    func wrongUsageIsTold(arguments: [String]) throws {
        let outcome = try ServiceFolder().amosctl(arguments)
        #expect(outcome.status == 2 && outcome.errors.contains("amosctl pkg --help"), "\(outcome)")
    }

    @Test func missingAndEmptyFilesAreTold() throws {
        let rig = try Rig()
        #expect(rig.pkg("install", "/no/such.apk").contains("/no/such.apk: No such file"))
        let empty = rig.folder.path + "/empty.apk"
        try Data().write(to: URL(fileURLWithPath: empty))
        #expect(rig.pkg("install", empty).contains("is empty"))
    }
}
