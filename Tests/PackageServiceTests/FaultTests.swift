import Packages
import Testing

@testable import amos_pkgd

/// Every effect of every change fails, or is the last one before the power goes: the set is the old one or
/// the new one, all of it, and nothing is left over.
@Suite struct FaultTests {
    enum Change: CaseIterable, Sendable {
        case first, second, upgrade, remove

        func run(on engine: TestEngine) throws {
            switch self {
            case .first: try engine.install(TestPackage())
            case .second: try engine.install(TestPackage(id: "org.other.tool", key: 1))
            case .upgrade: try engine.install(TestPackage(code: 2))
            case .remove: try engine.remove(PackageID("com.example.notes")!, keepsData: true)
            }
        }

        func prepare(_ engine: TestEngine) throws {
            if self != .first { try engine.install(TestPackage()) }
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
            // Of the set alone: created, written, synchronised, renamed, synchronised.
            #expect(effect > (change == .remove ? 5 : 15), "\(change)")
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
        #expect(after.verify().compactMap(\.problem) == [], "\(place)")
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
