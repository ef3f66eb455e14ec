import Foundation
import HostSystem
import Testing

@testable import DeviceSpec

/// The kernel judges the filters of this machine's architecture; with the interpreter that agrees with it,
/// those of the other are judged.
@Suite struct SystemCallFilterTests {
    static let allow: UInt32 = 0x7fff_0000
    static let failEPERM: UInt32 = 0x0005_0001
    static let killProcess: UInt32 = 0x8000_0000
    static let arm64: UInt32 = 0xc000_00b7
    static let x86_64: UInt32 = 0xc000_003e

    /// Numbers from the kernel's tables (asm-generic/unistd.h, arch/x86/entry/syscalls/syscall_64.tbl).
    static let calls: [(name: String, group: String, arm64: Int, x86_64: Int)] = [
        ("read", "@base", 63, 0), ("openat", "@base", 56, 257), ("execve", "@base", 221, 59),
        ("rt_sigreturn", "@base", 139, 15), ("brk", "@base", 214, 12), ("mmap", "@base", 222, 9),
        ("futex", "@base", 98, 202), ("exit_group", "@base", 94, 231), ("getrandom", "@base", 278, 318),
        ("epoll_ctl", "@basic-io", 21, 233), ("ioctl", "@basic-io", 29, 16), ("ppoll", "@basic-io", 73, 271),
        ("getdents64", "@file-read", 61, 217), ("getcwd", "@file-read", 17, 79),
        ("unlinkat", "@file-system", 35, 263), ("fsync", "@file-system", 82, 74),
        ("getcwd", "@file-system", 17, 79), ("socket", "@network", 198, 41),
        ("accept4", "@network", 242, 288),
        ("clone", "@process", 220, 56), ("clone3", "@process", 435, 435), ("wait4", "@process", 260, 61),
        ("kill", "@process", 129, 62), ("mlock", "@memory", 228, 149), ("memfd_create", "@memory", 279, 319),
        ("shmget", "@ipc", 194, 29), ("io_uring_setup", "@aio", 425, 425), ("io_submit", "@aio", 2, 209),
        ("setuid", "@identity", 146, 105), ("capset", "@identity", 91, 126),
        ("seccomp", "@sandbox", 277, 317), ("landlock_add_rule", "@sandbox", 445, 445),
        ("keyctl", "@keys", 219, 250), ("clock_settime", "@clock-set", 112, 227),
        ("adjtimex", "@clock-set", 171, 159), ("mount", "@mount", 40, 165), ("unshare", "@mount", 97, 272),
        ("finit_module", "@module", 273, 313), ("reboot", "@reboot", 142, 169),
        ("ptrace", "@debug", 117, 101),
        ("bpf", "@debug", 280, 321), ("socket", "@service", 198, 41), ("fsync", "@service", 82, 74),
    ]

    private func filter(
        _ names: [String], _ architecture: SystemCallFilter.Architecture = .arm64,
        otherwise: SystemCallFilter.Refusal = .error
    ) throws -> [UInt8] {
        try SystemCallFilter(architecture: architecture).compile(allow: names, otherwise: otherwise)
    }

    @Test func everyGroupHoldsWhatItPromises() throws {
        for group in SystemCallGroups.all {
            let known = Self.calls.filter { $0.group == group.name }
            #expect(!known.isEmpty, "no known call of \(group.name) is tested")
            let arm = try filter([group.name])
            let intel = try filter([group.name], .x86_64)
            for call in known {
                #expect(BPF.run(arm, call: call.arm64, Self.arm64) == Self.allow, "\(call)")
                #expect(BPF.run(intel, call: call.x86_64, Self.x86_64) == Self.allow, "\(call)")
            }
            // What harms the machine is in no group but its own.
            for call in Self.calls where SystemCallGroups.dangerous.contains(call.group) {
                if call.group == group.name { continue }
                #expect(BPF.run(arm, call: call.arm64, Self.arm64) == Self.failEPERM, "\(call) \(group)")
                #expect(BPF.run(intel, call: call.x86_64, Self.x86_64) == Self.failEPERM, "\(call)")
            }
        }
    }

    @Test func everyNameInAGroupIsACall() {
        for name in SystemCallGroups.everyCall { #expect(SystemCallFilter.isKnown(name), "\(name)") }
        #expect(!SystemCallFilter.isKnown("opennat"))
    }

    @Test func otherCallsFailOrKillAndOtherArchitecturesAreKilled() throws {
        let soft = try filter(["socket"])
        #expect(BPF.run(soft, call: 198, Self.arm64) == Self.allow)
        #expect(BPF.run(soft, call: 40, Self.arm64) == Self.failEPERM)
        #expect(BPF.run(soft, call: 0, Self.x86_64) == Self.killProcess)
        let hard = try filter(["socket"], .x86_64, otherwise: .kill)
        #expect(BPF.run(hard, call: 41, Self.x86_64) == Self.allow)
        #expect(BPF.run(hard, call: 165, Self.x86_64) == Self.killProcess)
        // The x32 numbers of the same calls are another door to them.
        #expect(BPF.run(hard, call: 41 | 0x4000_0000, Self.x86_64) == Self.killProcess)
    }

    @Test func theSameNamesGiveTheSameBytes() throws {
        let first = try filter(["@network", "mount", "@file-system"])
        #expect(try filter(["@file-system", "@network", "mount"]) == first)
        #expect(first.count % 8 == 0)
        #expect(first.count / 8 < 4_096)
    }

    /// Python loads the filter into itself and makes system calls; the kernel decides.
    @Test func theKernelDecidesAsTheInterpreterDoes() throws {
        let names = ["@basic-io", "@file-system", "@process"]
        let bytes = try filter(names, .native)
        let numbers = Self.nativeNumbers
        let script = """
            import ctypes, sys
            code = bytes.fromhex(sys.argv[1])
            libc = ctypes.CDLL(None, use_errno=True)
            class Program(ctypes.Structure):
                _fields_ = [("length", ctypes.c_ushort), ("filter", ctypes.c_char_p)]
            program = Program(len(code) // 8, code)
            assert libc.prctl(38, 1, 0, 0, 0) == 0
            assert libc.prctl(22, 2, ctypes.byref(program), 0, 0) == 0, ctypes.get_errno()
            for number in sys.argv[2:]:
                # Arguments that no call accepts: what gets through fails in another way than with EPERM.
                ctypes.set_errno(0)
                libc.syscall(int(number), -1, -1, -1, -1, -1, -1)
                print(number, ctypes.get_errno())
            """
        let hex = bytes.map { ($0 < 16 ? "0" : "") + String($0, radix: 16) }.joined()
        let process = Process()
        process.executableURL = URL(fileURLWithPath: "/usr/bin/env")
        process.arguments = ["python3", "-c", script, hex] + numbers.map(String.init)
        let pipe = Pipe()
        process.standardOutput = pipe
        try process.run()
        let output = String(decoding: pipe.fileHandleForReading.readDataToEndOfFile(), as: UTF8.self)
        process.waitUntilExit()
        try #require(process.terminationStatus == 0, "python3 ended with \(process.terminationStatus)")
        let results = output.split(separator: "\n").map { $0.split(separator: " ").compactMap { Int($0) } }
        #expect(results.count == numbers.count)
        for result in results {
            let verdict = BPF.run(bytes, call: result[0], Self.nativeArchitecture)
            #expect((result[1] == EPERM) == (verdict == Self.failEPERM), "call \(result[0])")
        }
    }

    /// Calls that do nothing with wrong arguments but fail.
    private static var nativeNumbers: [Int] {
        let harmless = ["openat", "socket", "epoll_ctl", "getcwd", "unlinkat", "mlock", "shmget", "accept4"]
        return Self.calls.filter { harmless.contains($0.name) }
            .map { nativeArchitecture == x86_64 ? $0.x86_64 : $0.arm64 }
    }

    private static var nativeArchitecture: UInt32 {
        switch SystemCallFilter.Architecture.native {
        case .arm64: arm64
        case .x86_64: x86_64
        }
    }
}

/// Classic BPF as far as seccomp filters use it (linux/bpf_common.h).
enum BPF {
    static func run(_ code: [UInt8], call: Int, _ architecture: UInt32) -> UInt32? {
        var position = 0
        var accumulator: UInt32 = 0
        while position < code.count / 8 {
            let bytes = code[8 * position..<8 * position + 8].map(UInt32.init)
            let constant = bytes[4] | bytes[5] << 8 | bytes[6] << 16 | bytes[7] << 24
            let isTrue: Bool
            position += 1
            switch bytes[0] | bytes[1] << 8 {
            // struct seccomp_data: u32 call, u32 architecture.
            case 0x20:
                accumulator = constant == 0 ? UInt32(truncatingIfNeeded: call) : architecture
                continue
            case 0x06: return constant
            case 0x05:
                position += Int(constant)
                continue
            case 0x15: isTrue = accumulator == constant
            case 0x25: isTrue = accumulator > constant
            case 0x35: isTrue = accumulator >= constant
            case 0x45: isTrue = accumulator & constant != 0
            default: return nil
            }
            position += Int(isTrue ? bytes[2] : bytes[3])
        }
        return nil
    }
}
