using System.Diagnostics.CodeAnalysis;
using System.Text.Json;

namespace RaftStream.Lab.Sim;

/// <summary>A hunt's progress in a file, replaced as a whole so that an interruption leaves the old one or the new one.</summary>
internal static class ResumeFile
{
    /// <summary>Writes the progress.</summary>
    public static void Write(FileInfo file, HuntState state)
    {
        var part = file.FullName + ".part";
        File.WriteAllText(part, JsonSerializer.Serialize(state, LabJson.Options));
        File.Move(part, file.FullName, overwrite: true);
    }

    /// <summary>Reads the progress of the same hunt.</summary>
    public static bool TryRead(FileInfo file, HuntState asked, out HuntState state, [NotNullWhen(false)] out string? problem)
    {
        (state, problem) = (asked, null);
        try
        {
            state = JsonSerializer.Deserialize<HuntState>(File.ReadAllText(file.FullName), LabJson.Options) ?? asked;
        }
        catch (Exception damage) when (damage is JsonException or IOException or UnauthorizedAccessException)
        {
            problem = $"The progress in {file.FullName} cannot be read ({damage.Message}): delete the file to begin anew.";
            return false;
        }

        if (state.Seeds != asked.Seeds || state.Nodes != asked.Nodes || state.StepsPerSeed != asked.StepsPerSeed || state.Workload != asked.Workload)
            problem = $"{file.FullName} keeps the progress of seeds {state.Seeds} on {state.Nodes} nodes with {state.StepsPerSeed} steps and workload {state.Workload}: ask for the same, or name another file.";
        return problem is null;
    }
}
