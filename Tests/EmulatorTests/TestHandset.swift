import DiskImage
import Emulator
import Foundation
import HostSystem
import Slots

/// Sixteen instructions of AArch64 in the shape of a Linux kernel image: prints a text on the serial port,
/// then does one thing. Real QEMU, real resets, a boot in a few milliseconds.
enum TestKernel {
    enum Ending {
        case powerOff, reset, sleepForEver, spinForEver
    }

    static func image(printing text: String, then ending: Ending) -> [UInt8] {
        let lastWords: [UInt32] =
            switch ending {
            // PSCI SYSTEM_OFF and SYSTEM_RESET: mov w0, #8 or #9; movk w0, #0x8400, lsl #16; hvc #0
            case .powerOff: [0x5280_0100, 0x72b0_8000, 0xd400_0002]
            case .reset: [0x5280_0120, 0x72b0_8000, 0xd400_0002]
            // wfi; b .-4
            case .sleepForEver: [0xd503_207f, 0x17ff_ffff]
            // b .
            case .spinForEver: [0x1400_0000]
            }
        var words: [UInt32] = [
            0xd2a1_2000,  // mov  x0, #0x09000000     the PL011 of QEMU's virt machine
            0x1000_0001,  // adr  x1, text            its offset is filled in below
            0x3840_1422,  // ldrb w2, [x1], #1
            0x3400_0062,  // cbz  w2, .+12
            0x3900_0002,  // strb w2, [x0]
            0x17ff_fffd,  // b    .-12
        ]
        words += lastWords
        words[1] |= UInt32(words.count - 1) << 5
        let code = words.flatMap(bytes) + Array(text.utf8) + [0]
        // The header of Documentation/arch/arm64/booting.rst: jump over it, load offset, size, flags, magic.
        var header = bytes(0x1400_0010) + [UInt8](repeating: 0, count: 60)
        header.replaceSubrange(8..<16, with: bytes(0x80000) + bytes(0))
        header.replaceSubrange(16..<24, with: bytes(UInt32(64 + code.count)) + bytes(0))
        header.replaceSubrange(24..<32, with: bytes(0xa) + bytes(0))
        header.replaceSubrange(56..<60, with: Array("ARM\u{64}".utf8))
        return header + code
    }

    private static func bytes(_ word: UInt32) -> [UInt8] {
        (0..<4).map { UInt8(truncatingIfNeeded: word >> UInt32(8 * $0)) }
    }
}

/// A small disk with two signed boot images, in a folder of its own.
final class TestHandset {
    let folder: String
    let key: SigningKey

    var disk: String { folder + "/disk.img" }

    init(a: TestKernel.Ending, b: TestKernel.Ending, isDebuggable: Bool = false) throws {
        folder = NSTemporaryDirectory() + "/amos-emulator-test-\(UUID().uuidString)"
        try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
        key = try SigningKey()
        let layout = try GPTDisk(
            seed: "test",
            partitions: [("boot_a", 1), ("boot_b", 1), ("misc", 1)].map {
                GPTDisk.Request(label: $0.0, size: UInt64($0.1) << 20)
            })
        let assembler = try DiskAssembler(replacing: disk, layout: layout)
        for (slot, ending) in [(Slot.a, a), (Slot.b, b)] {
            let image = BootImage(
                kernel: .bytes(TestKernel.image(printing: "hello from \(slot.name)\r\n", then: ending)),
                initramfs: .bytes([0]), commandLine: "amos.root=test", rootHash: .of([]),
                rollbackIndex: 1, isDebuggable: isDebuggable)
            let path = "\(folder)/boot.img"
            try image.write(to: path, signedWith: key)
            try assembler.fill("boot_\(slot.name)", fromFile: path)
        }
        try assembler.fill("misc", with: SlotMetadata.freshMisc())
        try assembler.commit()
    }

    deinit { try? FileManager.default.removeItem(atPath: folder) }

    var configuration: MachineConfiguration {
        MachineConfiguration(
            cpu: "cortex-a53", cpus: 1, memoryMebibytes: 64, display: .init(width: 64, height: 64),
            disk: disk)
    }

    /// Flips one bit of the first boot image or the second.
    func damage(_ slot: Slot) throws {
        let offset = off_t(slot == .a ? 1 << 20 : 2 << 20) + 4096 + 70
        let descriptor = open(disk, O_RDWR)
        defer { close(descriptor) }
        var byte: UInt8 = 0
        pread(descriptor, &byte, 1, offset)
        byte ^= 1
        pwrite(descriptor, &byte, 1, offset)
    }

    func metadata() throws -> SlotMetadata {
        var loader = try Loader(disk: disk, trusting: key.verifying, folder: folder)
        return try loader.readMetadata()
    }
}
