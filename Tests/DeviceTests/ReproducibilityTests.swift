import Testing

extension DeviceTests {
    /// The same inputs give the same bytes, whoever builds them, where and when.
    @Suite struct Reproducibility {
        /// Everything twice, handset programs included, which takes most of the time. In torture both
        /// variants.
        @Test(arguments: isTorture ? ["dev", "user"] : ["dev"])
        func twoBuildsUnderDifferentConditionsAreEqual(variant: String) throws {
            let outcome = try CommandLineProgram.run([
                "build", "virt-phone", "--variant", variant, "--verify",
            ])
            #expect(outcome.status == 0, "\(outcome.output)\(outcome.errors)")
            for image in ["disk.img", "boot.img", "image.json"] {
                #expect(outcome.output.contains("same \(image)"), "\(outcome.output)")
            }
        }
    }
}
