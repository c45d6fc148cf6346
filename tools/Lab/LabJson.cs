using System.Text.Json;

namespace RaftStream.Lab;

/// <summary>How the laboratory writes JSON.</summary>
internal static class LabJson
{
    /// <summary>Camel case, one line.</summary>
    public static JsonSerializerOptions Options { get; } = new(JsonSerializerDefaults.Web);
}
