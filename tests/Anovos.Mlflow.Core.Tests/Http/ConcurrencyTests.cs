using Anovos.Mlflow.Http;

namespace Anovos.Mlflow.Tests.Http;

/// <summary>Tests the limits reached with different servers, each simulated by a model with virtual time.</summary>
public sealed class ConcurrencyTests
{
    private const int KiB = 1 << 10;

    [Fact]
    public void A_server_far_away_gets_more_until_none_are_left()
    {
        var server = new Model { Workers = 1000, Seconds = 0.002, Distance = 0.1 };

        server.Serve(10_000, KiB);

        Assert.Equal(AdaptiveConcurrency.MaximumLimit, server.Concurrency.Limit);
        Assert.True(server.Elapsed < 10_000 * 0.102 / AdaptiveConcurrency.MaximumLimit * 1.5, $"{server.Elapsed} s");
    }

    [Theory]
    [InlineData(2)]
    [InlineData(8)]
    [InlineData(24)]
    public void A_server_gets_as_many_as_it_works_on_at_once_or_twice_that(int workers)
    {
        var server = new Model { Workers = workers, Seconds = 0.01, Distance = 0.002 };

        server.Serve(200_000, KiB);

        Assert.InRange(server.Settled, workers / 2.0, workers * 3);
        Assert.True(server.Elapsed < 200_000 * 0.01 / workers * 1.1, $"{server.Elapsed} s");
    }

    [Fact]
    public void A_server_with_one_worker_is_not_slower_than_one_at_a_time()
    {
        var server = new Model { Workers = 1, Seconds = 0.01, Crowding = 0.05 };

        server.Serve(20_000, KiB);

        Assert.InRange(server.Settled, 1, 2);
        Assert.True(server.Elapsed < 20_000 * 0.01 * 1.1, $"{server.Elapsed} s");
    }

    [Fact]
    public void A_server_that_slows_down_gets_fewer()
    {
        var server = new Model { Workers = 16, Seconds = 0.01, Distance = 0.002 };
        server.Serve(50_000, KiB);
        double before = server.Settled;

        server.Workers = 2;
        server.Serve(50_000, KiB);

        Assert.True(server.Settled < before / 2, $"{before} before, {server.Settled} after");
    }

    [Fact]
    public void A_server_that_has_more_workers_gets_more()
    {
        var server = new Model { Workers = 2, Seconds = 0.01, Distance = 0.002 };
        server.Serve(50_000, KiB);

        server.Workers = 32;
        server.Serve(100_000, KiB);

        Assert.True(server.Settled > 12, $"{server.Settled}");
    }

    [Fact]
    public void Large_files_after_small_ones_are_no_gain()
    {
        var server = new Model { Workers = 4, Seconds = 0.005, BytesPerSecond = 20e6 };
        server.Serve(20_000, KiB);
        double small = server.Settled;

        server.Serve(2_000, 10 << 20);

        Assert.InRange(server.Settled, 2, 12);
        Assert.InRange(small, 2, 12);
    }

    [Fact]
    public void A_refusal_halves_once_a_window()
    {
        var concurrency = new AdaptiveConcurrency(() => TimeSpan.Zero);
        int first = concurrency.Limit;

        concurrency.RecordThrottling();
        concurrency.RecordThrottling();

        Assert.Equal(first / 2, concurrency.Limit);
    }

    [Fact]
    public void No_number_of_refusals_leaves_none()
    {
        var server = new Model { Workers = 4, Seconds = 0.01 };
        for (int i = 0; i < 20; i++)
        {
            server.Concurrency.RecordThrottling();
            server.Serve(200, KiB);
        }

        Assert.True(server.Concurrency.Limit >= 1);
    }

    [Fact]
    public void A_server_that_refuses_gets_no_more_than_it_takes()
    {
        var server = new Model { Workers = 100, Seconds = 0.05, Takes = 5 };

        server.Serve(20_000, KiB);

        Assert.InRange(server.Settled, 2, 6);
        Assert.True(server.Refusals < 400, $"{server.Refusals} of 20,000 refused");
    }

    [Fact]
    public void The_pause_between_two_transfers_is_no_slowness()
    {
        var server = new Model { Workers = 8, Seconds = 0.01, Distance = 0.002 };
        server.Serve(20_000, KiB);
        double before = server.Settled;

        for (int i = 0; i < 50; i++)
        {
            server.Pause(60);
            server.Serve(400, KiB);
        }

        Assert.InRange(server.Settled, before / 2, before * 2);
    }

    /// <summary>A server that processes a fixed number of transfers in parallel, each in a fixed time, regardless of the queue.</summary>
    private sealed class Model
    {
        private readonly SortedSet<(double At, int Number, long Bytes, bool Refused)> _ends = [];
        private readonly Random _chance = new(7);
        private double _limits, _limitTime;
        private int _number;
        private double _now;

        public Model() => Concurrency = new AdaptiveConcurrency(() => TimeSpan.FromSeconds(_now));

        public AdaptiveConcurrency Concurrency { get; }

        public int Workers { get; set; }

        public double Seconds { get; init; }

        /// <summary>The round-trip time, in seconds.</summary>
        public double Distance { get; init; }

        /// <summary>The slowdown of each transfer per waiting transfer.</summary>
        public double Crowding { get; init; }

        public double BytesPerSecond { get; init; } = 1e9;

        /// <summary>More parallel transfers are rejected.</summary>
        public int Takes { get; init; } = int.MaxValue;

        public double Elapsed => _now;

        public int Refusals { get; private set; }

        /// <summary>The mean limit in the second half of the last call of Serve.</summary>
        public double Settled => _limits / _limitTime;

        public void Pause(double seconds) => _now += seconds;

        public void Serve(int files, long bytes)
        {
            Concurrency.StartWindow();
            List<double> free = [.. Enumerable.Repeat(_now, Workers)];
            int started = 0, done = 0;
            (_limits, _limitTime) = (0, 0);
            while (done < files)
            {
                for (; _ends.Count < Concurrency.Limit && started < files; started++)
                    Start();
                double before = _now;
                if (_ends.Count == 0)
                    throw new InvalidOperationException("Nothing is under way.");
                var end = _ends.Min;
                _ends.Remove(end);
                _now = end.At;
                if (done > files / 2)
                    (_limits, _limitTime) = (_limits + (Concurrency.Limit * (_now - before)), _limitTime + _now - before);
                if (end.Refused)
                {
                    Refusals++;
                    Concurrency.RecordThrottling();
                    started--;
                    continue;
                }

                done++;
                Concurrency.RecordCompletion(end.Bytes);
            }

            void Start()
            {
                if (_ends.Count >= Takes)
                {
                    _ends.Add((_now + Distance + 0.001, ++_number, 0, true));
                    return;
                }

                int worker = free.IndexOf(free.Min());
                double chance = 0.8 + (0.4 * _chance.NextDouble());
                double work = (Seconds + (bytes / BytesPerSecond)) * chance * (1 + (Crowding * Math.Max(0, _ends.Count - Workers)));
                free[worker] = Math.Max(free[worker], _now + (Distance / 2)) + work;
                _ends.Add((free[worker] + (Distance / 2), ++_number, bytes, false));
            }
        }
    }
}
