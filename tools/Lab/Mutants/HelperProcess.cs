using System.Diagnostics;

namespace RaftStream.Lab.Mutants;

/// <summary>What a helper process said before it ended.</summary>
/// <param name="ExitCode">Its exit code; null if its time was over and it was ended.</param>
/// <param name="Output">What it printed.</param>
/// <param name="Error">What it printed as errors.</param>
internal sealed record HelperResult(int? ExitCode, string Output, string Error)
{
    /// <summary>The first line of what it complained about.</summary>
    public string FirstLine => (Error.Length > 0 ? Error : Output).Split('\n').Select(static line => line.Trim()).FirstOrDefault(static line => line.Length > 0) ?? "it said nothing";
}

/// <summary>Runs <c>dotnet</c> with a time limit. A process never outlives its call.</summary>
internal static class HelperProcess
{
    public static async Task<HelperResult> RunAsync(IEnumerable<string> arguments, string folder, TimeSpan limit, CancellationToken cancellation)
    {
        var start = new ProcessStartInfo(Dotnet(), arguments) { WorkingDirectory = folder, UseShellExecute = false, RedirectStandardOutput = true, RedirectStandardError = true };
        start.Environment["DOTNET_NOLOGO"] = "1";
        start.Environment["DOTNET_CLI_TELEMETRY_OPTOUT"] = "1";
        start.Environment["MSBUILDDISABLENODEREUSE"] = "1";
        using var process = Process.Start(start) ?? throw new LabException("dotnet cannot be started.");
        using var timer = CancellationTokenSource.CreateLinkedTokenSource(cancellation);
        timer.CancelAfter(limit);
        var output = process.StandardOutput.ReadToEndAsync(CancellationToken.None);
        var error = process.StandardError.ReadToEndAsync(CancellationToken.None);
        var isOver = true;
        try
        {
            await process.WaitForExitAsync(timer.Token);
        }
        catch (OperationCanceledException)
        {
            isOver = false;
            process.Kill(entireProcessTree: true);
            await process.WaitForExitAsync(CancellationToken.None);
        }

        cancellation.ThrowIfCancellationRequested();
        return new(isOver ? process.ExitCode : null, await output, await error);
    }

    /// <summary>The program that runs this one, where it tells; else the one on the path.</summary>
    private static string Dotnet()
    {
        var name = OperatingSystem.IsWindows() ? "dotnet.exe" : "dotnet";
        if (Path.GetFileName(Environment.ProcessPath) == name)
            return Environment.ProcessPath!;
        if (Environment.GetEnvironmentVariable("DOTNET_HOST_PATH") is { Length: > 0 } host)
            return host;
        return Environment.GetEnvironmentVariable("DOTNET_ROOT") is { Length: > 0 } root && File.Exists(Path.Combine(root, name)) ? Path.Combine(root, name) : name;
    }
}
