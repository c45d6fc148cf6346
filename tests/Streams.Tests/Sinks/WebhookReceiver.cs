using System.Globalization;
using System.Text.Json;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Logging;

namespace RaftStream.Streams.Tests.Sinks;

/// <summary>What a receiver does with a request.</summary>
internal enum Reaction
{
    /// <summary>It takes the outputs and says so.</summary>
    Take,

    /// <summary>It takes them, and the connection breaks before it could say so.</summary>
    TakeAndBreak,

    /// <summary>It takes nothing and does not answer.</summary>
    Hang,

    /// <summary>400: it will never take them.</summary>
    Refuse,

    /// <summary>429, with a wish to be left alone for no time.</summary>
    Busy,

    /// <summary>500.</summary>
    Fail,

    /// <summary>307 to another path of its own.</summary>
    Redirect,
}

/// <summary>A request as it came.</summary>
/// <param name="Path">Where it went.</param>
/// <param name="Key">Its idempotency key.</param>
/// <param name="Epoch">The epoch of the sender.</param>
/// <param name="IsReplay">Whether it says that it is a replay.</param>
/// <param name="Outputs">Sequences and values.</param>
internal sealed record Post(string Path, string Key, long Epoch, bool IsReplay, IReadOnlyList<(long Sequence, string Value)> Outputs);

/// <summary>
/// A receiver of webhooks on a real port. It keeps what it takes as a careful one does, once by sequence and epoch, and writes down every request, as one sees that does not look.
/// </summary>
internal sealed class WebhookReceiver : IAsyncDisposable
{
    private readonly Lock _gate = new();
    private readonly Func<Post, Reaction> _react;
    private readonly List<Post> _posts = [];
    private readonly List<Post> _taken = [];
    private readonly List<string> _kept = [];
    private readonly CancellationTokenSource _end = new();
    private WebApplication? _program;
    private long _epoch;
    private long _last;

    /// <param name="react">What it does with a request; asked one after the other.</param>
    public WebhookReceiver(Func<Post, Reaction>? react = null)
    {
        _react = react ?? (static _ => Reaction.Take);
        Address = new($"http://127.0.0.1:{Node.Local.Ports.Find(1)[0]}/in");
    }

    /// <summary>Where it listens, or will.</summary>
    public Uri Address { get; }

    /// <summary>All requests, in the order in which they came.</summary>
    public IReadOnlyList<Post> Posts => Copy(_posts);

    /// <summary>Those that it took something from, whether it could say so or not.</summary>
    public IReadOnlyList<Post> Taken => Copy(_taken);

    /// <summary>The values that it has, once each; those of replays are not among them.</summary>
    public IReadOnlyList<string> Kept => Copy(_kept);

    public static async Task<WebhookReceiver> StartAsync(Func<Post, Reaction>? react = null)
    {
        var receiver = new WebhookReceiver(react);
        await receiver.ListenAsync();
        return receiver;
    }

    public async Task ListenAsync()
    {
        var builder = WebApplication.CreateSlimBuilder();
        builder.Logging.ClearProviders();
        builder.WebHost.UseSetting("urls", $"http://{Address.Authority}");
        _program = builder.Build();
        _program.Run(TakeAsync);
        await _program.StartAsync();
    }

    /// <summary>
    /// Nobody sees a gap, and outputs of one sender come in order: a request begins where the one before it did or right behind it, that of another sender no further on than anybody has come.
    /// </summary>
    public void CheckOrder()
    {
        var (epoch, first, last, furthest) = (0L, 0L, 0L, 0L);
        foreach (var post in Posts.Where(static post => !post.IsReplay).GroupBy(static post => post.Epoch).OrderBy(static group => group.Key).SelectMany(static group => group))
        {
            var (from, upTo) = (post.Outputs[0].Sequence, post.Outputs[^1].Sequence);
            Assert.That(post.Outputs.Select(static output => output.Sequence), Is.EqualTo(Enumerable.Range(0, post.Outputs.Count).Select(i => from + i)));
            if (post.Epoch == epoch)
                Assert.That(from == first || from == last + 1, Is.True, $"in epoch {epoch} {from} follows {first} to {last}");
            Assert.That(from, Is.LessThanOrEqualTo(furthest + 1), $"of epoch {post.Epoch}");
            (epoch, first, last, furthest) = (post.Epoch, from, upTo, Math.Max(furthest, upTo));
        }
    }

    public async ValueTask DisposeAsync()
    {
        await _end.CancelAsync();
        if (_program is not null)
        {
            await _program.StopAsync();
            await _program.DisposeAsync();
        }

        _end.Dispose();
    }

    private List<T> Copy<T>(List<T> items)
    {
        lock (_gate)
            return [.. items];
    }

    private async Task TakeAsync(HttpContext context)
    {
        var post = await ReadAsync(context);
        int status;
        Reaction reaction;
        lock (_gate)
        {
            _posts.Add(post);
            reaction = _react(post);
            status = reaction is Reaction.Take or Reaction.TakeAndBreak ? Keep(post) : 0;
            if (reaction == Reaction.Refuse && post.Outputs is [var (sequence, _)] && sequence == _last + 1)
                _last = sequence; // It knows that this one will never come.
        }

        switch (reaction)
        {
            case Reaction.TakeAndBreak:
                context.Abort();
                return;
            case Reaction.Hang:
                using (var end = CancellationTokenSource.CreateLinkedTokenSource(context.RequestAborted, _end.Token))
                    await new TaskCompletionSource().Task.WaitAsync(end.Token).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
                return;
            case Reaction.Busy:
                context.Response.Headers.RetryAfter = "0";
                break;
            case Reaction.Redirect:
                context.Response.Headers.Location = "/elsewhere";
                break;
        }

        context.Response.StatusCode = reaction switch { Reaction.Refuse => 400, Reaction.Busy => 429, Reaction.Fail => 500, Reaction.Redirect => 307, _ => status };
        await context.Response.WriteAsync(reaction.ToString());
    }

    /// <summary>As the documentation advises: a lower epoch is refused, and what is known is passed over.</summary>
    private int Keep(Post post)
    {
        if (post.Epoch < _epoch)
            return StatusCodes.Status409Conflict;
        _epoch = post.Epoch;
        _taken.Add(post);
        foreach (var (sequence, value) in post.IsReplay ? [] : post.Outputs.Where(output => output.Sequence > _last))
        {
            _kept.Add(value);
            _last = sequence;
        }

        return StatusCodes.Status200OK;
    }

    private static async Task<Post> ReadAsync(HttpContext context)
    {
        using var body = await JsonDocument.ParseAsync(context.Request.Body);
        var headers = context.Request.Headers;
        var outputs = body.RootElement.GetProperty("outputs").EnumerateArray().Select(static output => (output.GetProperty("sequence").GetInt64(), output.GetProperty("value").GetString()!)).ToList();
        var epoch = body.RootElement.GetProperty("epoch").GetInt64();
        Assert.That(
            (headers["X-RaftStream-First"].ToString(), headers["X-RaftStream-Last"].ToString(), headers["X-RaftStream-Epoch"].ToString()),
            Is.EqualTo((Text(outputs[0].Item1), Text(outputs[^1].Item1), Text(epoch))));
        return new(context.Request.Path, headers["Idempotency-Key"].ToString(), epoch, headers["X-RaftStream-Replay"] == "true", outputs);
    }

    private static string Text(long number) => number.ToString(CultureInfo.InvariantCulture);
}
