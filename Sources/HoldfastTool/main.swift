internal import HoldfastCLI

// The whole tool is in the library HoldfastCLI, where tests can reach it.
CommandLineTool.run()
