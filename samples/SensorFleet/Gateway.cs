using System.Globalization;
using System.Net;

namespace RaftStream.Samples;

/// <summary>
/// Collects the readings of some sensors and hands them in under its name, numbered from 1. What is not acknowledged is sent again, at another node, under the same numbers: so it counts once.
/// </summary>
internal sealed class Gateway(int number, FleetNodes nodes, HttpClient http, DateTimeOffset began)
{
    /// <summary>How many gateways there are.</summary>
    public const int Count = 8;

    /// <summary>How many sensors each has; each of them measures once a second.</summary>
    public const int Sensors = 125;

    private const int MostAtOnce = 1000;

    private int _place = number % FleetNodes.Count;

    /// <summary>Readings that were acknowledged.</summary>
    public long Sent { get; private set; }

    /// <summary>How often a batch had to be sent again.</summary>
    public int Repeats { get; private set; }

    private string Name => string.Create(CultureInfo.InvariantCulture, $"gateway-{number}");

    /// <summary>What the fleet's sensors measure: the reading that a gateway numbers so.</summary>
    public Reading At(long sequence)
    {
        var sensor = (number * Sensors) + ((sequence - 1) % Sensors);
        var time = began.ToUnixTimeMilliseconds() + ((sequence - 1) * 1000 / Sensors);
        return new(string.Create(CultureInfo.InvariantCulture, $"sensor-{sensor:0000}"), time, 150 + (((sensor * 31) + (sequence * 7)) % 211));
    }

    /// <summary>Sends each reading when it is measured, or as soon as it can, until all of a span are acknowledged.</summary>
    public async Task RunAsync(TimeSpan span, CancellationToken cancellationToken)
    {
        var all = (long)span.TotalSeconds * Sensors;
        using var beat = new PeriodicTimer(TimeSpan.FromMilliseconds(100));
        while (Sent < all && await beat.WaitForNextTickAsync(cancellationToken))
        {
            var due = Math.Min(all, (long)((DateTimeOffset.UtcNow - began).TotalSeconds * Sensors));
            var batch = (int)Math.Min(MostAtOnce, due - Sent);
            if (batch <= 0)
                continue;
            if (await TrySendAsync(batch, cancellationToken))
            {
                Sent += batch;
                continue;
            }

            Repeats++;
            _place = (_place + 1) % FleetNodes.Count;
        }
    }

    private async Task<bool> TrySendAsync(int batch, CancellationToken cancellationToken)
    {
        var lines = string.Join('\n', Enumerable.Range(1, batch).Select(next => At(Sent + next).Line));
        var path = string.Create(CultureInfo.InvariantCulture, $"v1/streams/{FleetJob.Name}/sources/readings/records?producer={Name}&sequence={Sent + 1}");
        try
        {
            using var response = await http.PostAsync(new Uri(nodes.Url(_place), path), new StringContent(lines), cancellationToken);
            if (response.StatusCode is HttpStatusCode.BadRequest or HttpStatusCode.Conflict or HttpStatusCode.UnprocessableEntity)
                throw new InvalidOperationException($"{Name} was refused for good: {await response.Content.ReadAsStringAsync(cancellationToken)}");
            return response.IsSuccessStatusCode;
        }
        catch (Exception failure) when (failure is HttpRequestException or TaskCanceledException && !cancellationToken.IsCancellationRequested)
        {
            return false; // Whether it was taken in is not known: sent again, it counts once.
        }
    }
}
