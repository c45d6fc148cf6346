using System.Text.Json;

namespace RaftStream.Lab.Mutants;

/// <summary>
/// Compiles one project again with some of its files changed, beside the assemblies that are built already: MSBuild is asked once what it
/// would tell the compiler, and the compiler is then called alone, without analyzers (source generators stay).
/// </summary>
internal sealed class ProjectCompiler
{
    private static readonly TimeSpan CompilerLimit = TimeSpan.FromMinutes(5);

    /// <summary>What the compiler is told beyond this would write elsewhere, or judge the style of a bug.</summary>
    private static readonly string[] Dropped =
        ["/out:", "/refout:", "/doc:", "/warnaserror", "/analyzerconfig:", "/additionalfile:", "/noconfig", "/embed:", "/debug", "/pathmap:", "/sourcelink:"];

    private readonly string _folder;
    private readonly string _compiler;
    private readonly List<string> _arguments = [];

    private ProjectCompiler(string project, JsonElement answer)
    {
        _folder = Path.GetDirectoryName(project)!;
        _compiler = Path.Combine(answer.GetProperty("Properties").GetProperty("RoslynTargetsPath").GetString()!, "bincore", "csc.dll");
        foreach (var item in answer.GetProperty("Items").GetProperty("CscCommandLineArgs").EnumerateArray())
        {
            var argument = item.GetProperty("Identity").GetString()!;
            if (argument.StartsWith("/out:", StringComparison.Ordinal))
                Assembly = Path.GetFileName(argument["/out:".Length..].Trim('"'));
            var isDropped = argument.StartsWith("/analyzer:", StringComparison.Ordinal)
                ? !Path.GetFileName(argument).Contains("Generat", StringComparison.Ordinal)
                : Array.Exists(Dropped, prefix => argument.StartsWith(prefix, StringComparison.Ordinal));
            if (!isDropped)
                _arguments.Add(argument);
        }
    }

    /// <summary>The file name of the assembly.</summary>
    public string Assembly { get; } = "";

    /// <summary>The project that a source file belongs to: the nearest one above it.</summary>
    public static string? ProjectOf(string root, string target)
    {
        for (var folder = Path.GetDirectoryName(Path.Combine(root, target)); folder is not null && folder.Length > root.Length; folder = Path.GetDirectoryName(folder))
        {
            if (Directory.Exists(folder) && Directory.EnumerateFiles(folder, "*.csproj").FirstOrDefault() is { } project)
                return project;
        }

        return null;
    }

    /// <summary>Asks MSBuild how a project is compiled.</summary>
    /// <exception cref="LabException">The project cannot be asked: not restored, not built.</exception>
    public static async Task<ProjectCompiler> OfAsync(string project, CancellationToken cancellation)
    {
        // An output that never exists makes the target believe that there is something to compile.
        var result = await HelperProcess.RunAsync(
            [
                "msbuild", project, "-t:Compile", "-p:Configuration=Release", "-p:ProvideCommandLineArgs=true", "-p:SkipCompilerExecution=true", "-p:BuildProjectReferences=false",
                "-p:NonExistentFile=__none__/__none__", "-getItem:CscCommandLineArgs", "-getProperty:RoslynTargetsPath",
            ],
            Path.GetDirectoryName(project)!,
            CompilerLimit,
            cancellation);
        if (result.ExitCode != 0)
            throw new LabException($"How {Path.GetFileName(project)} is compiled cannot be told ({result.FirstLine}): run dotnet build -c Release tools/Lab first.");
        using var answer = JsonDocument.Parse(result.Output);
        return new(project, answer.RootElement);
    }

    /// <summary>Compiles into a folder, the texts of some files replaced; null if that worked, else the compiler's first complaint.</summary>
    /// <param name="changed">Texts by full path.</param>
    /// <param name="folder">Where the assembly goes.</param>
    /// <param name="cancellation">Ends the compiler.</param>
    public async Task<string?> CompileAsync(IReadOnlyDictionary<string, string> changed, string folder, CancellationToken cancellation)
    {
        var scratch = Directory.CreateDirectory(Path.Combine(folder, "source-" + Path.GetFileNameWithoutExtension(Assembly)));
        var replaced = 0;
        var lines = new List<string>();
        foreach (var argument in _arguments)
        {
            if (changed.TryGetValue(Path.GetFullPath(argument.Trim('"'), _folder), out var text))
            {
                var file = Path.Combine(scratch.FullName, $"{++replaced}-{Path.GetFileName(argument)}");
                await File.WriteAllTextAsync(file, text, cancellation);
                lines.Add($"\"{file}\"");
                continue;
            }

            lines.Add(argument);
        }

        if (replaced != changed.Count)
            return $"{Path.GetFileName(Assembly)} is not compiled from all of {string.Join(", ", changed.Keys.Select(Path.GetFileName))}";
        lines.AddRange([$"/out:\"{Path.Combine(folder, Assembly)}\"", "/debug-", "/nologo", "/nowarn:CS1591"]);
        var response = Path.Combine(scratch.FullName, "arguments.rsp");
        await File.WriteAllLinesAsync(response, lines, cancellation);
        var result = await HelperProcess.RunAsync([_compiler, "/noconfig", "@" + response], _folder, CompilerLimit, cancellation);
        return result.ExitCode == 0 ? null
            : result.Output.Split('\n').FirstOrDefault(static line => line.Contains("error", StringComparison.Ordinal))?.Trim() ?? result.FirstLine;
    }
}
