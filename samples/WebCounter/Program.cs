using RaftStream.Hosting;
using RaftStream.Raft;

// Counts the visitors of a web site that runs on several machines, each of them once, whichever machine they come to and whichever dies.
//   export RaftStream__Members=1=127.0.0.1:7201,2=127.0.0.1:7202,3=127.0.0.1:7203
//   RaftStream__Id=1 RaftStream__Data=data/1 dotnet run -c Release --project samples/WebCounter -- --urls http://127.0.0.1:8201
var builder = WebApplication.CreateBuilder(args);
builder.Services.AddRaftStream(options => builder.Configuration.GetSection("RaftStream").Bind(options));
var app = builder.Build();

// Where the other machines pass on what only the leader can do; a firewall or an authorization should leave it to them.
app.MapRaftStream();
app.MapHealthChecks("/health");
app.MapGet("/", async (ICountingStore store, CancellationToken aborted) =>
{
    var visit = await store.AddAsync("visitors", cancellationToken: aborted);
    return visit.Outcome == Outcome.Applied
        ? (IResult)TypedResults.Text($"You are visitor {visit.Value}.\n")
        : TypedResults.Problem($"You were not counted, or nobody knows: {visit.Outcome}.", statusCode: StatusCodes.Status503ServiceUnavailable);
});

// What this machine knows, at once and without asking anybody: perhaps a little old, and it says how old.
app.MapGet("/about", async (ICountingStore store, CancellationToken aborted) =>
{
    var known = await store.GetAsync("visitors", ReadConsistency.Eventual, aborted);
    return TypedResults.Text($"At least {known.Value} visitors, as of log entry {known.Position.Index}.\n");
});
app.Run();
