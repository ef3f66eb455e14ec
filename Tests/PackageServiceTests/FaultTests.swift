import Packages
import Testing

@testable import amos_pkgd

/// Every effect of every change fails, or is the last one before the power goes: the set is the old one or
/// the new one, all of it, and nothing is left over.
@Suite struct FaultTests {
    enum Change: CaseIterable, Sendable {
        case first, second, upgrade, remove, wipe, autoremove, rollback, hold, repair

        static let id = PackageID("com.example.notes")!

        func run(on engine: TestEngine) throws {
            switch self {
            case .first: try engine.install(TestPackage(kind: .app))
            case .second: try engine.install(TestPackage(id: "org.other.tool", key: 1))
            case .upgrade: try engine.install(TestPackage(code: 2, kind: .app))
            case .remove: try engine.remove(Self.id, keepsData: true)
            case .wipe: try engine.remove(Self.id, keepsData: false)
            case .autoremove: try engine.commit(try engine.autoremoval())
            case .rollback: try engine.commit(try engine.rollback(to: nil))
            case .hold: try engine.commit(try engine.marking(Self.id, .held))
            case .repair: _ = try engine.repair(removesBroken: true, isDry: false)
            }
        }

        func prepare(_ engine: TestEngine) throws {
            guard self != .first else { return }
            try engine.install(
                TestPackage(kind: .app), self == .autoremove ? .dependency : [])
            engine.store.write("of 1", as: engine.current[Self.id])
            if self == .rollback { try engine.install(TestPackage(code: 2, kind: .app)) }
            if self == .rollback { engine.store.write("of 2", as: engine.current[Self.id]) }
            if self == .repair { try engine.install(TestPackage(id: "org.other.tool", key: 1)) }
            if self == .repair { engine.store.damage(.payloads, nameOf: engine.current[Self.id]!) }
        }

        /// Of the set alone: created, written, synchronised, renamed, synchronised; of a package more.
        var leastEffects: Int { [.first, .second, .upgrade].contains(self) ? 15 : 5 }

        /// What the app finds as its data in a version.
        func content(ofVersion code: UInt64) -> String {
            self == .first ? "" : self == .rollback && code == 2 ? "of 2" : "of 1"
        }
    }

    @Test(arguments: Change.allCases, SimulatedDisk.Fault.allCases)
    func theSetIsTheOldOrTheNewOne(change: Change, fault: SimulatedDisk.Fault) throws {
        let losses = fault == .powerCut ? SimulatedDisk.Loss.allCases : [.nothing]
        for loss in losses {
            var effect = 0
            var hasFailed = true
            while hasFailed {
                effect += 1
                hasFailed = try check(change, fault, at: effect, loss)
            }
            #expect(effect > change.leastEffects, "\(change)")
        }
    }

    /// Whether the fault came at all.
    private func check(
        _ change: Change, _ fault: SimulatedDisk.Fault, at effect: Int, _ loss: SimulatedDisk.Loss
    ) throws -> Bool {
        let disk = SimulatedDisk()
        let engine = try TestEngine.on(disk)
        try change.prepare(engine)
        let old = engine.current
        let reference = try TestEngine.on(SimulatedDisk())
        try change.prepare(reference)
        try change.run(on: reference)
        let new = reference.current
        disk.fail(at: effect, with: fault)
        let succeeded: Bool
        do {
            try change.run(on: engine)
            succeeded = true
        } catch {
            succeeded = false
        }
        let hasFailed = disk.hasFailed
        let place = "\(change), \(fault) at \(effect), \(loss) lost"
        if fault != .powerCut {
            #expect(engine.current == (succeeded ? new : old), "\(place)")
            disk.restart(after: .nothing)
            #expect(try engine.leaks().filter { !$0.isEmpty } == [], "\(place)")
        }
        disk.restart(after: loss)
        let after = try TestEngine.on(disk)
        #expect(after.current == new || (after.current == old && !succeeded), "\(place)")
        let broken = after.verify().filter { $0.problem != nil }.map(\.package.id)
        #expect(broken.isEmpty || change == .repair && after.current == old, "\(place)")
        if let app = after.current[Change.id], app.kind == .app {
            #expect(disk.content(of: app) == change.content(ofVersion: app.versionCode), "\(place)")
        }
        #expect(try after.leaks() == [], "\(place)")
        return hasFailed
    }

    @Test func whatWasHalfReceivedIsGone() throws {
        let disk = SimulatedDisk()
        let engine = try TestEngine.on(disk)
        let bytes = try TestPackage().bytes
        let install = try engine.beginInstall(size: UInt64(bytes.count), [])
        try install.receive(Array(bytes.dropLast(100)).span)
        #expect(try disk.names(in: .incoming).count == 1)
        #expect(throws: PackageError.self) { _ = try install.finish() }
        #expect(try disk.names(in: .incoming) == [])
        #expect(engine.current == .empty)
    }

    @Test func damageIsFound() throws {
        for folder in [StoreFolder.payloads, .manifests] {
            let disk = SimulatedDisk()
            let engine = try TestEngine.on(disk)
            try engine.install(TestPackage())
            #expect(engine.verify().compactMap(\.problem) == [])
            disk.damage(folder)
            #expect(engine.verify().compactMap(\.problem).count == 1, "\(folder)")
        }
    }

    @Test func aDamagedSetIsRefusedAndNothingIsCollected() throws {
        let disk = SimulatedDisk()
        try TestEngine.on(disk).install(TestPackage())
        disk.damage(.generations)
        #expect(throws: PackageError.self) { try TestEngine.on(disk) }
        #expect(try disk.names(in: .payloads).count == 1)
    }
}
