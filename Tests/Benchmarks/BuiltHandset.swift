import Assembly
import DiskImage
import Emulator
import Foundation

/// A device that was built for this run, and how it is booted.
struct BuiltHandset {
    let name: String
    let image: ImageBuilder.Result

    enum Failure: Error, CustomStringConvertible {
        case noPartition(String)
        case didNotBoot(device: String, HandsetOutcome)

        var description: String {
            switch self {
            case .noPartition(let label): "the disk has no partition \(label)"
            case .didNotBoot(let device, let outcome): "\(device) did not boot: \(outcome)"
            }
        }
    }

    func partition(_ label: String) throws -> GPTDisk.Partition {
        guard let partition = try GPTDisk(reading: InputFile(image.diskImage))[label] else {
            throw Failure.noPartition(label)
        }
        return partition
    }

    /// Boots a copy of the disk as built, or the disk of an earlier boot, until `goal`.
    func boot(
        disk: String, keepsDisk: Bool = false, countsInstructions: Bool = false,
        until goal: HandsetRun.Options.Goal = .untilReached { $0.boots.last?.isReady ?? false }
    ) throws -> HandsetRecord {
        if !keepsDisk { try RunDisk.copy(image.diskImage, to: disk) }
        var machine = MachineConfiguration(image.device, disk: disk)
        machine.countsInstructions = countsInstructions
        var options = HandsetRun.Options()
        options.goal = goal
        options.afterReset = .fail
        options.handlesSignals = true
        options.timeoutSeconds = 180
        let record = try HandsetRun(machine, trusting: image.trustedKey, options).run()
        guard record.outcome == .poweredOff else {
            throw Failure.didNotBoot(device: name, record.outcome)
        }
        return record
    }
}
