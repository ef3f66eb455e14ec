import DebianBase
import Foundation
import HostSystem
import Services

extension Build {
    /// The headers and libraries that handset programs are built against.
    func prepareSysroot(_ lock: PackageLock) throws -> Sysroot {
        let packages = lock.packages(in: .sysroot)
        var inputs = BuildGraph.Inputs()
        for package in packages { inputs.add("\(package.name) \(package.version)", package.sha256) }
        let sysroot = Sysroot(for: packages, in: cache)
        try graph.step("prepare sysroot", inputs: inputs, outputs: [sysroot.path + "/lib"]) {
            _ = try PackageStore(cache: cache, mirror: request.mirror).sysroot(of: lock)
        }
        return sysroot
    }

    /// The handset's programs by name, each a file in the cache.
    func compilePrograms(_ sysroot: Sysroot) throws -> [(program: HandsetProgram, file: String)] {
        let programs = request.programsFolder ?? cache.path + "/handset"
        try FileManager.default.createDirectory(atPath: programs, withIntermediateDirectories: true)
        let compiler = HandsetCompiler(
            home: home, toolchain: try Toolchain.find(), sysroot: sysroot, cache: programs)
        return try HandsetProgram.all.filter { $0.isWanted(by: device) }.map { program in
            let inputs = try compiler.inputs(of: program, fingerprints: graph.fingerprints)
            let output = compiler.output(of: program, key: inputs.digest)
            try graph.step("compile \(program.name)", inputs: inputs, outputs: [output]) {
                // Another device of this machine may have compiled the very same program.
                if access(output, X_OK) == 0 { return graph.foundInCache() }
                try compiler.build(program, key: inputs.digest, fingerprints: graph.fingerprints)
            }
            return (program, output)
        }
    }

    func extractModules(_ packages: ImagePackages) throws -> KernelModuleSet {
        var inputs = try inputs()
        inputs.add(packages.kernel.package.name, packages.kernel.package.sha256)
        inputs.add("kernel.modules.early", device.kernel.earlyModules.map(\.value).joined(separator: " "))
        inputs.add("kernel.modules.late", device.kernel.lateModules.map(\.value).joined(separator: " "))
        let folder = "\(cache.path)/modules/\(inputs.digest.description.prefix(32))"
        try graph.step("extract kernel modules", inputs: inputs, outputs: [folder + "/index"]) {
            if access(folder + "/index", R_OK) == 0 { return graph.foundInCache() }
            try FileManager.default.createDirectory(
                atPath: cache.path + "/modules", withIntermediateDirectories: true)
            try KernelModuleSet.extract(
                try KernelModules(package: packages.kernel), for: device.kernel, to: folder)
        }
        return try KernelModuleSet(folder: folder)
    }

    func compileBootPlan(_ modules: KernelModuleSet) throws -> [UInt8] {
        var inputs = try inputs()
        inputs.add("variant", device.variant.rawValue)
        try addDeviceFiles(to: &inputs)
        inputs.add("modules", modules.late.map(\.path).joined(separator: " "))
        let output = workFolder + "/boot.plan"
        try graph.step("compile boot plan", inputs: inputs, outputs: [output]) {
            let plan = BootPlan(device, lateModules: modules.late.map { "/usr/lib/modules/\($0.path)" })
            try OutputFile.write(try plan.encode(), to: output)
        }
        return try [UInt8](Data(contentsOf: URL(fileURLWithPath: output)))
    }
}
