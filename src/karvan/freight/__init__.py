"""Itineraries between two places, and the assignment of many flows to one network."""

from karvan.freight.delay import Delay, delays
from karvan.freight.demand_functions import DemandFunction, demand_function
from karvan.freight.elastic import ElasticEquilibrium, elastic_equilibrium
from karvan.freight.equilibrium import Equilibrium, user_equilibrium
from karvan.freight.hyperpath import Strategy, optimal_strategy
from karvan.freight.markov import MarkovianEquilibrium, markovian_equilibrium
from karvan.freight.model import Itineraries, Itinerary, Leg
from karvan.freight.problem import AssignmentProblem, UserClass, assignment_problem
from karvan.freight.routing import itineraries
from karvan.freight.sensitivity import Sensitivity, flow_derivative, linearise
from karvan.freight.tntp import read_tntp

__all__ = [
    "AssignmentProblem",
    "Delay",
    "DemandFunction",
    "ElasticEquilibrium",
    "Equilibrium",
    "Itineraries",
    "Itinerary",
    "Leg",
    "MarkovianEquilibrium",
    "Sensitivity",
    "Strategy",
    "UserClass",
    "assignment_problem",
    "delays",
    "demand_function",
    "elastic_equilibrium",
    "flow_derivative",
    "itineraries",
    "linearise",
    "markovian_equilibrium",
    "optimal_strategy",
    "read_tntp",
    "user_equilibrium",
]
