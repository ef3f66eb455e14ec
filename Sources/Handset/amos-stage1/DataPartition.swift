import LinuxSystem
import Slots
import Wire

/// The owner's partition: mounted, repaired or replaced, in the order that `DataRecovery` decides.
struct DataPartition: ~Copyable {
    static let mountPoint = "/data"
    static let options = "errors=remount-ro"
    /// A full check of the largest shipped `data` takes seconds; a check that runs longer will not end.
    static let repairLimitSeconds: UInt32 = 600

    let path: String
    private let pristineImage: FileDescriptor

    /// To be called before the root switch, which hides the initramfs and its pristine image.
    init(path: String) {
        self.path = path
        do throws(SystemCallError) {
            pristineImage = try .open("/pristine.simg")
        } catch {
            pristineImage = FileDescriptor(owning: -1)
        }
    }

    /// Mounts `data`, whatever that takes.
    func prepare(resetRequested: Bool, _ reporter: inout Reporter) throws(BootFailure) {
        var recovery = DataRecovery(
            resetRequested: resetRequested, hasErrors: Ext4Superblock.read(path)?.hasErrors ?? false)
        while recovery.step != .done {
            guard recovery.step != .giveUp else {
                throw BootFailure(.dataFailed, "use " + path, "neither mounted, repaired nor replaced")
            }
            recovery.finish(perform(recovery.step, reporter))
        }
        if recovery.wasReplaced {
            reporter.stage("data-replaced")
        } else if recovery.wasRepaired {
            reporter.stage("data-repaired")
        }
        reporter.stage("data-mounted")
        reporter.announce(.mount(path: Self.mountPoint, type: "ext4", options: "rw,nosuid,nodev,noatime"))
    }

    /// Makes the file system as large as its partition. What fails here costs space, not the boot.
    func grow(_ reporter: inout Reporter) {
        guard let superblock = Ext4Superblock.read(path), let size = try? BlockDevice(opening: path).size()
        else { return }
        let wanted = size / superblock.blockSize
        guard wanted > superblock.blockCount else { return }
        do throws(SystemCallError) {
            let before = try Mount.blockCount(of: Self.mountPoint)
            try Mount.growExt4(Self.mountPoint, toBlocks: wanted)
            // The kernel leaves a rest alone that is too small for a block group of its own.
            if try Mount.blockCount(of: Self.mountPoint) > before { reporter.stage("data-grown") }
        } catch {
            reporter.say(error.description)
        }
    }

    private func perform(
        _ step: DataRecovery.Step, _ reporter: borrowing Reporter
    ) -> DataRecovery.Outcome {
        do throws(SystemCallError) {
            switch step {
            case .mount: return mount(reporter)
            case .repair(let repair): return try check(repair, reporter)
            case .requestReset:
                reporter.say("data is beyond repair and is replaced by the pristine file system")
                try Misc.update { $0.requestFactoryReset() }
            case .replace: return replace(reporter) ? .succeeded : .failed
            case .completeReset:
                Machine.synchronizeDisks()
                try Misc.update { $0.completeFactoryReset() }
            case .done, .giveUp: break
            }
            return .succeeded
        } catch {
            reporter.say(error.description)
            return .impossible
        }
    }

    private func mount(_ reporter: borrowing Reporter) -> DataRecovery.Outcome {
        do throws(SystemCallError) {
            try Mount.attach(
                path, at: Self.mountPoint, type: "ext4", [.noSetuid, .noDevices, .noAccessTimes],
                options: Self.options)
            return .succeeded
        } catch {
            reporter.say(error.description)
            return Mount.isOutside(error) ? .impossible : .failed
        }
    }

    /// e2fsck(8): 0 nothing to do, 1 corrected, 2 corrected and restart wanted (only for mounted file
    /// systems).
    private func check(_ repair: DataRecovery.Repair, _ reporter: borrowing Reporter) throws(SystemCallError)
        -> DataRecovery.Outcome
    {
        let name = "e2fsck " + repair.options[1] + " " + path
        // Having replayed the journal by a backup superblock, e2fsck ends with 12; the next run repairs.
        let runs = repair == .preen ? 1 : 2
        var isRepaired = false
        for _ in 0..<runs where !isRepaired {
            let outcome = try Program.run(
                "/usr/sbin/e2fsck", repair.options + [path], limitSeconds: Self.repairLimitSeconds)
            guard outcome != .exited(Program.notStarted) else {
                reporter.say(name + ": could not be run")
                return .impossible
            }
            if case .exited(let status) = outcome { isRepaired = status <= 2 }
        }
        guard isRepaired else {
            reporter.say(name + ": not repaired")
            return .failed
        }
        reporter.say(name + ": repaired")
        if let superblock = Ext4Superblock.read(path), !superblock.hasJournal {
            // A first run may have deleted the journal that a second one does not bring back.
            _ = try Program.run("/usr/sbin/tune2fs", ["-j", path], limitSeconds: Self.repairLimitSeconds)
        }
        return .succeeded
    }

    private func replace(_ reporter: borrowing Reporter) -> Bool {
        guard pristineImage.rawValue >= 0 else {
            reporter.say("replace " + path + ": this boot image has no /pristine.simg")
            return false
        }
        do throws(PristineImage.Failure) {
            try PristineImage.write(pristineImage, to: path)
            return true
        } catch {
            reporter.say("replace " + path + ": " + error.text)
            return false
        }
    }
}

/// The few fields of an ext4 superblock (at byte 1024 of the partition) that stage 1 looks at.
struct Ext4Superblock {
    let blockCount: UInt64
    let blockSize: UInt64
    /// `s_feature_compat` has EXT4_FEATURE_COMPAT_HAS_JOURNAL: without one a power cut is damage.
    let hasJournal: Bool
    /// `s_state` has EXT4_ERROR_FS: the kernel met errors and wants a check.
    let hasErrors: Bool

    /// nil if the partition cannot be read or holds no ext4.
    static func read(_ path: String) -> Ext4Superblock? {
        guard let device = try? FileDescriptor.open(path), let bytes = try? device.read(1024, at: 1024),
            bytes.count == 1024
        else { return nil }
        func number(_ offset: Int, _ width: Int) -> UInt64 {
            var value: UInt64 = 0
            for index in 0..<width { value |= UInt64(bytes[offset + index]) << UInt64(8 * index) }
            return value
        }
        // s_magic; s_log_block_size counts from 1 KiB, and ext4 has no blocks above 64 KiB.
        guard number(0x38, 2) == 0xef53, number(0x18, 4) <= 6 else { return nil }
        let has64Bit = number(0x60, 4) & 0x80 != 0
        return Ext4Superblock(
            blockCount: number(0x04, 4) | (has64Bit ? number(0x150, 4) << 32 : 0),
            blockSize: 1024 << number(0x18, 4), hasJournal: number(0x5c, 4) & 4 != 0,
            hasErrors: number(0x3a, 2) & 2 != 0)
    }
}
