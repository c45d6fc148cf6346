using System.Globalization;
using System.Text.Json;

namespace RaftStream.Samples;

/// <summary>Sends readings to three nodes, kills one of them again and again, and tells what became of the readings.</summary>
internal static class FleetRun
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(60);

    /// <summary>0: every reading counts once at every node; 1: not so; 2: the nodes did not come up or did not catch up in time.</summary>
    public static async Task<int> RunAsync(TimeSpan span, TimeSpan killEvery, string folder, TextWriter output)
    {
        using var http = new HttpClient { Timeout = TimeSpan.FromSeconds(10) };
        await using var nodes = new FleetNodes(folder);
        for (var place = 0; place < FleetNodes.Count; place++)
            nodes.Start(place);
        if (!await HaveBegunAsync(http, nodes))
        {
            await output.WriteLineAsync("The nodes did not come up within a minute: look at what they say above.");
            return 2;
        }

        var began = DateTimeOffset.UtcNow;
        var gateways = Enumerable.Range(0, Gateway.Count).Select(number => new Gateway(number, nodes, http, began)).ToList();
        using var stop = new CancellationTokenSource(span + Patience);
        var sending = Task.WhenAll(gateways.Select(gateway => gateway.RunAsync(span, stop.Token)));
        var kills = await KillAsync(http, nodes, span, killEvery, sending, output);
        try
        {
            await sending;
        }
        catch (OperationCanceledException)
        {
            await output.WriteLineAsync("The nodes did not take all readings within a minute of the last.");
            return 2;
        }

        if (!await HaveBegunAsync(http, nodes))
            return 2;
        var sent = gateways.Sum(gateway => gateway.Sent);
        var isExact = true;
        for (var place = 0; place < FleetNodes.Count; place++)
        {
            var (lost, doubled, wrong) = await FleetCheck.RunAsync(http, nodes.Url(place), gateways);
            await output.WriteLineAsync(string.Create(CultureInfo.InvariantCulture, $"node {place + 1}: {sent} readings of {Gateway.Count * Gateway.Sensors} sensors, {lost} lost, {doubled} doubled, {wrong} sums or minutes wrong"));
            isExact &= lost + doubled + wrong == 0;
        }

        await output.WriteLineAsync(string.Create(CultureInfo.InvariantCulture, $"{kills} nodes killed, {gateways.Sum(gateway => gateway.Repeats)} batches sent again: {(isExact ? "no reading lost or doubled" : "READINGS LOST OR DOUBLED")}"));
        return isExact ? 0 : 1;
    }

    /// <summary>Kills a node each time, the one that leads and another by turns, and starts it again after a third of the time.</summary>
    private static async Task<int> KillAsync(HttpClient http, FleetNodes nodes, TimeSpan span, TimeSpan every, Task sending, TextWriter output)
    {
        var (kills, last, end) = (0, -1, DateTimeOffset.UtcNow + span);
        for (var wait = every / 2; DateTimeOffset.UtcNow + wait < end && !sending.IsCompleted; wait = every - (every / 3))
        {
            await Task.WhenAny(sending, Task.Delay(wait));
            var leader = await LeaderAsync(http, nodes);
            var victim = kills % 2 == 0 ? leader : (leader + 1) % FleetNodes.Count;

            // Of the two others the one that has been there for longer tells.
            var witness = Enumerable.Range(0, FleetNodes.Count).First(place => place != victim && place != last);
            await nodes.KillAsync(victim);
            kills++;
            await Task.WhenAny(sending, Task.Delay(every / 3));
            await output.WriteLineAsync($"node {victim + 1}{(victim == leader ? ", which led," : "")} killed: {await FiguresAsync(http, nodes.Url(witness))}");
            nodes.Start(last = victim);
        }

        return kills;
    }

    /// <summary>What a node tells of the last failure that it saw, and of the last while.</summary>
    private static async Task<string> FiguresAsync(HttpClient http, Uri node)
    {
        using var figures = JsonDocument.Parse(await http.GetStringAsync(new Uri(node, $"v1/streams/{FleetJob.Name}/figures?seconds=60")));
        var (all, sinks) = (figures.RootElement, figures.RootElement.GetProperty("sourceToSinksMs"));
        var latency = sinks.ValueKind == JsonValueKind.Object ? $"source to tables p50 {sinks.GetProperty("p50")} ms, p99 {sinks.GetProperty("p99")} ms" : "nothing came in by it";
        var failure = all.GetProperty("lastFailure") is { ValueKind: JsonValueKind.Object } last
            ? $"; {last.GetProperty("what").GetString()} Stall {last.GetProperty("stallSeconds")} s, throughput after over before {Text(last.GetProperty("afterOverBefore"))}"
            : "";
        return $"{Text(all.GetProperty("recordsPerSecond"))} records/s, availability {Text(all.GetProperty("availability"))}, {latency}{failure}";
    }

    private static string Text(JsonElement value) => value.ValueKind == JsonValueKind.Null ? "unknown" : value.ToString();

    /// <summary>The place that leads; 0 while nobody knows.</summary>
    private static async Task<int> LeaderAsync(HttpClient http, FleetNodes nodes)
    {
        for (var place = 0; place < FleetNodes.Count; place++)
        {
            if (await TryGetAsync(http, new Uri(nodes.Url(place), "v1/status")) is { } status && status.GetProperty("leader") is { ValueKind: JsonValueKind.Number } leader && leader.GetInt32() > 0)
                return leader.GetInt32() - 1;
        }

        return 0;
    }

    /// <summary>Waits until every node knows the job and serves what all have committed.</summary>
    private static async Task<bool> HaveBegunAsync(HttpClient http, FleetNodes nodes)
    {
        using var patience = new CancellationTokenSource(Patience);
        using var beat = new PeriodicTimer(TimeSpan.FromMilliseconds(200));
        for (var place = 0; place < FleetNodes.Count;)
        {
            if (await TryGetAsync(http, new Uri(nodes.Url(place), $"v1/streams/{FleetJob.Name}")) is { } job && job.GetProperty("began").GetBoolean())
                place++;
            else if (patience.IsCancellationRequested)
                return false;
            else
                await beat.WaitForNextTickAsync(CancellationToken.None);
        }

        return true;
    }

    private static async Task<JsonElement?> TryGetAsync(HttpClient http, Uri address)
    {
        try
        {
            using var response = await http.GetAsync(address);
            return response.IsSuccessStatusCode ? JsonDocument.Parse(await response.Content.ReadAsStringAsync()).RootElement : null;
        }
        catch (Exception failure) when (failure is HttpRequestException or TaskCanceledException)
        {
            return null; // It does not listen yet, or not any more.
        }
    }
}
