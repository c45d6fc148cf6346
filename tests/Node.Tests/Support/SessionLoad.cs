using System.Diagnostics;
using System.Globalization;
using System.Net.Http.Json;
using RaftStream.Hosting.Http;

namespace RaftStream.Node.Tests.Support;

/// <summary>
/// Clients that increment one counter, each in a session of its own, one write at a time, through any node; each sends a write again
/// under its number until it is told that it is done.
/// </summary>
internal sealed class SessionLoad : IAsyncDisposable
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(2);
    private static readonly TimeSpan Limit = TimeSpan.FromSeconds(60);

    private readonly Func<IReadOnlyList<string>> _addresses;
    private readonly string _counter;
    private readonly HttpClient _http = HttpClients.Create();
    private readonly CancellationTokenSource _stop = new();
    private readonly List<long> _answers = [];
    private readonly List<Task> _clients;
    private int _repeated;

    /// <summary>Starts the clients; the addresses may change as nodes come and go.</summary>
    public SessionLoad(Func<IReadOnlyList<string>> addresses, string counter, int clients)
    {
        (_addresses, _counter) = (addresses, counter);
        _clients = [.. Enumerable.Range(0, clients).Select(number => Task.Run(() => RunAsync(number)))];
    }

    /// <summary>Writes that were acknowledged.</summary>
    public int Acknowledged
    {
        get
        {
            lock (_answers)
                return _answers.Count;
        }
    }

    /// <summary>Attempts that were sent again.</summary>
    public int Repeated => Volatile.Read(ref _repeated);

    /// <summary>The longest time between two answers, whoever got them, since a timestamp of the stopwatch.</summary>
    public TimeSpan LongestGapSince(long start)
    {
        lock (_answers)
        {
            var since = _answers.Where(answer => answer >= start).Order().Prepend(start).ToList();
            return since.Zip(since.Skip(1), Stopwatch.GetElapsedTime).DefaultIfEmpty().Max();
        }
    }

    /// <summary>Waits until that many more writes are acknowledged.</summary>
    public Task AnswersAsync(int more)
    {
        var goal = Acknowledged + more;
        return Eventually.HoldsAsync(() => _clients.Exists(static client => client.IsFaulted) || Acknowledged >= goal, $"{more} more writes are acknowledged", Limit);
    }

    /// <summary>Lets each client end the write that it is at, however often it must send it.</summary>
    public async Task StopAsync()
    {
        await _stop.CancelAsync();
        await Task.WhenAll(_clients).WaitAsync(Limit);
    }

    /// <inheritdoc/>
    public async ValueTask DisposeAsync()
    {
        await _stop.CancelAsync();
        _http.Dispose();
        await Task.WhenAll(_clients).ContinueWith(_ => { }, CancellationToken.None, TaskContinuationOptions.None, TaskScheduler.Default);
        _stop.Dispose();
    }

    private async Task RunAsync(int number)
    {
        var session = await UntilDoneAsync(number, "/v1/sessions", NodeJson.Default.SessionJson, static _ => { });
        for (var sequence = 1L; !_stop.IsCancellationRequested; sequence++)
        {
            var current = sequence;
            await UntilDoneAsync(number, $"/v1/counters/{RawPath.Encode(_counter)}/add", NodeJson.Default.CounterJson, request =>
            {
                request.Headers.Add(SessionHeaders.Session, session.Session);
                request.Headers.Add(SessionHeaders.Number, current.ToString(CultureInfo.InvariantCulture));
                request.Headers.Add(SessionHeaders.Answered, (current - 1).ToString(CultureInfo.InvariantCulture));
            });
            lock (_answers)
                _answers.Add(Stopwatch.GetTimestamp());
        }
    }

    private async Task<T> UntilDoneAsync<T>(int number, string path, System.Text.Json.Serialization.Metadata.JsonTypeInfo<T> type, Action<HttpRequestMessage> prepare)
        where T : class
    {
        using var pause = new PeriodicTimer(TimeSpan.FromMilliseconds(5));
        for (var attempt = number; ; attempt++)
        {
            var addresses = _addresses();
            using var request = new HttpRequestMessage(HttpMethod.Post, $"http://{addresses[attempt % addresses.Count]}{path}");
            prepare(request);
            try
            {
                using var limit = new CancellationTokenSource(Patience);
                using var response = await _http.SendAsync(request, limit.Token);
                if (response.IsSuccessStatusCode)
                    return (await response.Content.ReadFromJsonAsync(type, limit.Token))!;
                var problem = await response.Content.ReadFromJsonAsync(NodeJson.Default.ProblemJson, limit.Token);
                if (problem!.Status is not (503 or 504 or 429))
                    throw new InvalidOperationException($"A retry in its session does not cure this: {problem.Code}: {problem.Detail}");
            }
            catch (Exception exception) when (exception is HttpRequestException or OperationCanceledException or IOException)
            {
                // The node went away, or hangs: another one is asked, under the same number.
            }

            Interlocked.Increment(ref _repeated);
            await pause.WaitForNextTickAsync();
        }
    }
}
