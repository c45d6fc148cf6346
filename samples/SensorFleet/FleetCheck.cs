using System.Text.Json;

namespace RaftStream.Samples;

/// <summary>Compares the tables of a node with what was sent.</summary>
internal static class FleetCheck
{
    /// <summary>How many readings are missing, how many too many, and how many sums and minutes do not fit.</summary>
    public static async Task<(long Lost, long Doubled, long Wrong)> RunAsync(HttpClient http, Uri node, IReadOnlyList<Gateway> gateways)
    {
        var (counts, sums, minutes) = (new Dictionary<string, long>(StringComparer.Ordinal), new Dictionary<string, long>(StringComparer.Ordinal), new Dictionary<string, long>(StringComparer.Ordinal));
        foreach (var gateway in gateways)
        {
            for (var sequence = 1L; sequence <= gateway.Sent; sequence++)
            {
                var (sensor, time, tenths) = gateway.At(sequence);
                counts[sensor] = counts.GetValueOrDefault(sensor) + 1;
                sums[sensor] = sums.GetValueOrDefault(sensor) + tenths;
                var minute = $"{sensor} {time / 60_000 * 60_000}";
                minutes[minute] = minutes.GetValueOrDefault(minute) + 1;
            }
        }

        var counted = await ReadAsync(http, node, "counts");
        var lost = counts.Sum(row => Math.Max(0, row.Value - counted.GetValueOrDefault(row.Key)));
        var doubled = counted.Sum(row => Math.Max(0, row.Value - counts.GetValueOrDefault(row.Key)));
        return (lost, doubled, Differences(sums, await ReadAsync(http, node, "sums")) + Differences(minutes, await ReadAsync(http, node, "minutes")));
    }

    private static long Differences(Dictionary<string, long> expected, Dictionary<string, long> found) =>
        expected.Keys.Union(found.Keys, StringComparer.Ordinal).LongCount(key => expected.GetValueOrDefault(key, -1) != found.GetValueOrDefault(key, -1));

    /// <summary>Reads a whole table, page by page.</summary>
    private static async Task<Dictionary<string, long>> ReadAsync(HttpClient http, Uri node, string table)
    {
        var rows = new Dictionary<string, long>(StringComparer.Ordinal);
        var from = "";
        while (true)
        {
            using var page = JsonDocument.Parse(await http.GetStringAsync(new Uri(node, $"v1/streams/{FleetJob.Name}/tables/{table}?limit=500{(from.Length > 0 ? "&from=" + Uri.EscapeDataString(from) : "")}")));
            foreach (var row in page.RootElement.GetProperty("rows").EnumerateArray())
            {
                var key = row.GetProperty("key").GetString()!;
                rows[row.TryGetProperty("start", out var start) ? $"{key.Split(',')[0]} {start.GetInt64()}" : key] = row.GetProperty("value").GetInt64();
            }

            if (page.RootElement.GetProperty("complete").GetBoolean())
                return rows;
            from = page.RootElement.GetProperty("next").GetString()!;
        }
    }
}
